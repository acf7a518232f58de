// Numbered questions about a model to Python, of which only the newest of each name matters.

import { Questions } from "./questions.js";

export class Asking {
  // set(name, value) sets the component's state.
  constructor(root, set) {
    this.questions = new Questions(root, set);
    this.take(null);
  }

  // Questions are about this model from now on.
  take(model) {
    this.model = model;
    this.newest = {};
  }

  // Returns the question's number.
  ask(name, question = {}) {
    this.last = this.newest[name] = Math.max(Date.now(), (this.last ?? 0) + 1);
    this.questions.ask(name, { sequence: this.last, model: this.model.id, ...question });
    return this.last;
  }

  // An answer that may still come, or comes again, is not wanted.
  forget(name) {
    this.newest[name] = Infinity;
  }

  // Whether an answer is to the newest question of its name.
  isNewest(name, { sequence }) {
    return sequence >= (this.newest[name] ?? 0);
  }

  // What is numbered elsewhere goes as it is.
  send(name, question) {
    this.questions.ask(name, question);
  }

  release(name) {
    this.questions.release(name);
  }

  close() {
    this.questions.close();
  }
}
