// A code made to reconstruct its picture better, a few steps at a time.

const ROUNDS = 5;

export class Refining {
  // on.ask(question) reaches Python; on.say(k, text) tells on a corner's card how far it is;
  // on.done(k, z, before) gives the corner its better code,
  // and the error before.
  constructor(on) {
    this.on = on;
    this.task = null;
  }

  start(k, { z, pixels }, model) {
    this.task = { k, z, pixels, model, round: 0, before: null };
    this.ask();
  }

  ask() {
    const { task } = this;
    task.sequence = Math.max(Date.now(), (this.last ?? 0) + 1);
    this.last = task.sequence;
    this.on.say(task.k, `Refining: ${task.round} of ${ROUNDS} rounds`);
    this.on.ask({
      sequence: task.sequence,
      model: task.model,
      pixels: Array.from(task.pixels),
      z: Array.from(task.z),
    });
  }

  // Python's answer: { sequence, error, z, before, after }.
  receive(answer) {
    const { task } = this;
    if (!task || answer.sequence !== task.sequence) return;
    if (answer.error) {
      this.task = null;
      this.on.say(task.k, answer.error);
      return;
    }
    task.z = Float32Array.from(answer.z);
    task.before ??= answer.before;
    task.round += 1;
    if (task.round < ROUNDS) {
      this.ask();
      return;
    }
    this.task = null;
    this.on.done(task.k, task.z, task.before);
  }

  // The corners are others now.
  stop() {
    this.task = null;
  }
}
