// The live picture's canvas and the line below it: what is shown, by which engine, how fast.

import { Median } from "./statistics.js";
import { crispWidth, isPixelated, paint } from "./picture.js";

const SPEAK_EVERY_MS = 300;
// What a visitor calls the engines.
const NAMES = { browser: "in your browser", server: "on the server", rerun: "by reruns" };

export class View {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    this.caption = root.querySelector(".what");
    this.speed = root.querySelector(".speed");
    this.notice = root.querySelector(".notice");
    this.times = new Median();
    this.hinted = null;
    this.sizes = new ResizeObserver(() => this.fit());
    this.sizes.observe(this.canvas.parentElement);
  }

  // Take the shape of a model's pictures.
  take(model) {
    this.model = model;
    this.canvas.height = model.height;
    this.canvas.width = model.width;
    this.canvas.classList.toggle("pixelated", isPixelated(model.height, model.width));
    const size = `${model.width} by ${model.height} pixels`;
    this.canvas.setAttribute("aria-label", `Picture decoded from the latent vector, ${size}`);
    this.fit();
  }

  paint(picture) {
    paint(this.canvas, picture.pixels, picture);
    this.canvas.dataset.frame = Number(this.canvas.dataset.frame) + 1;
  }

  // What the point is.
  say(what) {
    this.what = what.charAt(0).toUpperCase() + what.slice(1);
    this.caption.textContent = this.what;
  }

  // What else is shown for a moment, null when it is over; tells whether anything was.
  hint(text) {
    const had = this.hinted !== null;
    this.hinted = text;
    if (text) this.caption.textContent = text.charAt(0).toUpperCase() + text.slice(1);
    else if (had) this.caption.textContent = this.what;
    return had;
  }

  use(engine) {
    this.times.clear();
    this.spoke = 0;
    this.canvas.dataset.engine = engine.name;
    this.speed.textContent = NAMES[engine.name];
  }

  // Say what is going on with the engines, in a few words; nothing when all is settled.
  note(text) {
    this.notice.textContent = text;
  }

  // Show the median of the last frames, not so often that it flickers.
  time(engine, milliseconds) {
    if (engine.name !== this.canvas.dataset.engine) return; // it has just been replaced
    this.times.add(milliseconds);
    const now = performance.now();
    if (now - this.spoke < SPEAK_EVERY_MS) return;
    this.spoke = now;
    const pace = Math.max(1, Math.round(this.times.value));
    this.speed.textContent = `${NAMES[engine.name]} \u00b7 ${pace} ms`;
  }

  fit() {
    if (!this.model) return;
    const { height, width } = this.model;
    const available = this.canvas.parentElement.clientWidth;
    const shown = isPixelated(height, width) ? crispWidth(available, width) : available;
    this.canvas.style.width = `${shown}px`;
    this.root.style.setProperty("--picture", `${shown}px`);
  }

  close() {
    this.sizes.disconnect();
  }
}
