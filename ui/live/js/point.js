// The visitor's point of latent space: where it is, how it gets elsewhere, where it has been.

import { History } from "./history.js";
import { PRESS_MS } from "./questions.js";
import { Travel } from "./travel.js";

// Longer than a person takes between two steps with a key: Python is not to run in between.
const REST_MS = 350;
const OPENING_MS = 2500;
const MOVE_MS = 350;

const YOURS = "your own point";

export class Point {
  // on.move(z) hears of every step, on.say(what) of what the point is, on.glide(isGliding) of the
  // opening, on.history() of what can be undone, on.rest() when it has come to rest. What
  // on.context() gives is kept with every step to undo, and on.leap(context) gets it back.
  constructor(on) {
    this.on = on;
    this.history = new History();
    this.travel = new Travel((z) => this.show(z));
    this.opening = null;
  }

  // Start anew, at a point of another model.
  place(z, what) {
    this.travel.stop();
    clearTimeout(this.resting);
    this.resting = 0;
    this.isMoving = false;
    this.isTouched = false;
    this.history.clear();
    this.on.history();
    this.z = z;
    this.say(what);
  }

  // The opening: a slow way to a place worth seeing, given up at the first touch.
  begin() {
    if (this.opening === null) return;
    const { mean, what } = this.opening;
    this.travel.start(this.z, mean, OPENING_MS, () => {
      this.opening = null;
      this.on.glide(false);
      this.say(what);
    });
  }

  say(what) {
    this.what = what;
    this.on.say(what);
  }

  show(z) {
    this.z = z;
    this.on.move(z);
    this.restIn(REST_MS);
  }

  // Follow the hand; one movement is one step to undo.
  follow(z, what = YOURS) {
    this.interrupt();
    if (!this.isMoving) this.remember();
    this.isMoving = true;
    if (what !== this.what) this.say(what);
    this.show(z);
  }

  moveTo(z, what) {
    this.interrupt();
    this.remember();
    this.isMoving = false;
    this.say(what);
    this.travel.start(this.z, z, MOVE_MS, () => {});
  }

  remember() {
    this.isTouched = true; // from here on the address tells the point
    this.history.push(this.here);
    this.on.history();
  }

  get here() {
    return { z: this.z, what: this.what, context: this.on.context() };
  }

  undo() {
    this.leap(this.history.back(this.here));
  }

  redo() {
    this.leap(this.history.forth(this.here));
  }

  leap(step) {
    if (!step) return;
    this.interrupt();
    this.isMoving = false;
    this.say(step.what);
    this.on.leap(step.context);
    this.travel.start(this.z, step.z, MOVE_MS, () => {});
    this.on.history();
  }

  // Whatever moves by itself gives way to the visitor.
  interrupt() {
    this.opening = null;
    this.on.glide(false);
    if (!this.travel.isUnderWay) return;
    this.travel.stop();
    this.say(YOURS);
    this.show(this.z);
  }

  // A press may lead to another page, and Streamlit draws nothing there if our report comes while
  // it is on its way: the report waits.
  yield() {
    this.interrupt();
    if (this.resting) this.restIn(PRESS_MS);
  }

  restIn(milliseconds) {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), milliseconds);
  }

  rest() {
    clearTimeout(this.resting);
    this.resting = 0;
    if (this.travel.isUnderWay) return;
    this.isMoving = false;
    this.on.rest();
  }

  close() {
    clearTimeout(this.resting);
    this.travel.stop();
  }
}
