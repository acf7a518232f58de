// Where the visitor has been, for Undo.

const MAX_STEPS = 200;

export class History {
  steps = [];

  get isEmpty() {
    return this.steps.length === 0;
  }

  push(step) {
    const last = this.steps.at(-1);
    if (last && last.z.every((value, k) => value === step.z[k])) return;
    this.steps.push(step);
    if (this.steps.length > MAX_STEPS) this.steps.shift();
  }

  pop() {
    return this.steps.pop();
  }

  clear() {
    this.steps = [];
  }
}
