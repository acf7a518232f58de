// Codes made to reconstruct their pictures better, a few steps at a time, one after the other.

const ROUNDS = 5;

export class Refining {
  // on.ask(question) reaches Python; on.say(corner, text) tells how far it is; on.done(corner, z,
  // before) gives the corner's better code, and the error before.
  constructor(on) {
    this.on = on;
    this.tasks = [];
  }

  take(model) {
    this.model = model;
    this.tasks = [];
  }

  start(corner) {
    if (this.tasks.some((task) => task.corner === corner)) return;
    this.tasks.push({ corner, z: corner.z, round: 0, before: null });
    if (this.tasks.length === 1) this.ask();
    else this.on.say(corner, "Waiting");
  }

  ask() {
    const [task] = this.tasks;
    task.sequence = this.last = Math.max(Date.now(), (this.last ?? 0) + 1);
    this.on.say(task.corner, `Improving: ${task.round} of ${ROUNDS} rounds`);
    this.on.ask({
      sequence: task.sequence,
      model: this.model.id,
      pixels: Array.from(task.corner.pixels),
      z: Array.from(task.z),
    });
  }

  // Python's answer: { sequence, error, z, before }.
  receive({ sequence, error, z, before }) {
    const [task] = this.tasks;
    if (sequence !== task?.sequence) return;
    if (error) {
      this.on.say(task.corner, error);
      this.next();
      return;
    }
    task.z = Float32Array.from(z);
    task.before ??= before;
    task.round += 1;
    if (task.round < ROUNDS) {
      this.ask();
      return;
    }
    this.next();
    this.on.done(task.corner, task.z, task.before);
  }

  next() {
    this.tasks.shift();
    if (this.tasks.length) this.ask();
  }
}
