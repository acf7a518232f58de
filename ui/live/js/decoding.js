// Codes to pictures and pictures to codes, by whichever engine the connection has chosen. An
// engine is asked for one thing at a time; the live picture goes before everything else.

import { Connection } from "./connection.js";
import { columnOf } from "./data.js";
import { Newest } from "./engines.js";

export class Decoding {
  // on.ask(question) sends a question to Python, on.engine(engine) hears of another engine,
  // on.picture(picture, engine, milliseconds) of the newest code's picture, on.note(note) of what
  // is going on.
  constructor(on) {
    this.on = on;
    this.newest = new Newest((wanted) => this.decodeNewest(wanted));
    this.connection = new Connection(on.ask, (engine) => this.start(engine), on.note);
  }

  get engine() {
    return this.connection.engine;
  }

  // A model is on its way: what is asked for from now on is asked of it.
  expect(model) {
    this.model = model;
    this.wanted = null;
  }

  // Take up the model that is expected; z is a code to try its engines with.
  take(engines, z) {
    if (this.isOpen) this.connection.take(engines, this.model, z);
    else this.connection.open(engines, this.model, z);
    this.isOpen = true;
  }

  start(engine) {
    if (this.wanted) this.newest.want(this.wanted);
    this.on.engine(engine);
  }

  // Wish for the picture of a code; wishes that a newer one overtakes are forgotten.
  want(z) {
    this.wanted = { model: this.model, z };
    if (this.engine) this.newest.want(this.wanted);
  }

  async decodeNewest({ model, z }) {
    if (model.id !== this.model.id) return;
    const { engine } = this;
    const asked = performance.now();
    try {
      const picture = await this.inTurn(() => engine.decode(model, z, 1));
      if (model.id !== this.model.id) return;
      const took = performance.now() - asked;
      this.on.picture(picture, engine, took);
      this.connection.time(engine, took);
    } catch {
      // The engine has gone or was too slow; the next one starts from the newest z.
      if (model.id === this.model.id) this.connection.drop(engine);
    }
  }

  // Many pictures beside the live one; null where they cannot be had or nobody wants them now.
  async decodeMany(codes, count) {
    const { model } = this;
    if (!(await this.isFree(model))) return null;
    return this.aside(model, this.engine, (engine) => engine.decode(model, codes, count));
  }

  // The posterior of one picture, { mean, logVar }, from its pixels (H, W, C) uint8. Where the
  // page cannot have the encoder, the server has.
  async encode(pixels) {
    const { model } = this;
    if (!(await this.isFree(model))) return null;
    const engines = new Set([this.engine, this.connection.server]);
    for (const engine of engines) {
      const posterior = engine && (await this.aside(model, engine, (e) => e.encode(model, pixels)));
      if (posterior || !this.isWanted(model)) return posterior;
    }
    return null;
  }

  isWanted(model) {
    return model === this.model && !this.isClosed;
  }

  // Wait until the live picture leaves time for others; false when nobody wants them any more.
  async isFree(model) {
    while (this.isWanted(model) && (this.newest.busy || !this.engine)) await nextFrame();
    return this.isWanted(model);
  }

  async aside(model, engine, work) {
    try {
      const made = await this.inTurn(() => work(engine));
      return this.isWanted(model) ? made : null;
    } catch {
      return null;
    }
  }

  async inTurn(work) {
    const before = this.turn;
    let finish;
    this.turn = new Promise((resolve) => (finish = resolve));
    await before;
    try {
      return await work();
    } finally {
      finish();
    }
  }

  renew(engines) {
    this.connection.renew(engines);
  }

  // Python's answer to a question, where there is no socket.
  deliver({ replySequence, reply }) {
    if (replySequence) this.engine?.deliver?.(replySequence, columnOf(reply));
  }

  close() {
    this.isClosed = true;
    this.connection.close();
  }
}

function nextFrame() {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}
