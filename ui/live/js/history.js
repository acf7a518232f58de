// Where the visitor has been, for Undo and Redo.

const MAX_STEPS = 200;

export class History {
  constructor() {
    this.clear();
  }

  clear() {
    this.past = [];
    this.future = [];
  }

  // Note where the visitor was before a movement.
  push(step) {
    this.future = [];
    const last = this.past.at(-1);
    if (last && last.z.every((value, k) => value === step.z[k])) return;
    this.past.push(step);
    if (this.past.length > MAX_STEPS) this.past.shift();
  }

  // One step back from where the visitor is now; undefined where there is none.
  back(now) {
    return exchange(this.past, this.future, now);
  }

  forth(now) {
    return exchange(this.future, this.past, now);
  }
}

function exchange(from, to, now) {
  const step = from.pop();
  if (step) to.push(now);
  return step;
}
