// Held-out images to choose from: their originals where the data set is here, else their codes
// decoded, and then they say so.

import { element } from "./dom.js";
import { paint } from "./picture.js";

const MAX_ITEMS = 24;
const ASK_EVERY_MS = 1000;

export class Gallery {
  // on.take(row) hears of a choice; on.decode(codes, count) makes pictures; on.ask("fetch")
  // has the data set fetched, on.ask("look") tells how far that is.
  constructor(root, on) {
    this.root = root;
    this.on = on;
    this.items = root.querySelector(".items");
    this.origin = root.querySelector(".origin");
    this.button = root.querySelector("button");
    this.button.addEventListener("click", () => this.fetch());
  }

  // examples: codes (N, D) one after the other; originals: { pixels, state, size, note }.
  take(model, examples, labels, originals) {
    this.model = model;
    this.examples = examples;
    this.labels = labels;
    this.drawn = null;
    this.items.replaceChildren();
    this.receive(originals);
  }

  get count() {
    return Math.min(MAX_ITEMS, this.labels.length);
  }

  // What Python knows of the originals now; while they come, ask again.
  receive(originals) {
    this.originals = originals;
    clearTimeout(this.timer);
    const { state, note } = originals;
    this.origin.textContent = note;
    this.button.hidden = state !== "absent" && state !== "failed";
    this.button.textContent = `Get the originals (${originals.size})`;
    if (this.isOpen) this.draw();
    this.keepAsking();
  }

  // While the panel is open and the originals come, ask how far they are.
  keepAsking() {
    clearTimeout(this.timer);
    if (!this.isOpen || this.originals.state !== "fetching") return;
    this.timer = setTimeout(() => this.on.ask("look"), ASK_EVERY_MS);
  }

  fetch() {
    this.button.hidden = true;
    this.origin.textContent = "fetching the originals";
    this.on.ask("fetch");
  }

  open() {
    this.isOpen = true;
    this.draw();
    this.keepAsking();
  }

  close() {
    this.isOpen = false;
    clearTimeout(this.timer);
  }

  // The original of a row as (H, W, C) bytes, null where it is not here.
  original(row) {
    return row < this.count ? this.tile(this.originals.pixels, row) : null;
  }

  tile(pixels, row) {
    if (!pixels) return null;
    const { height, width, channels } = this.model;
    const size = height * width * channels;
    return pixels.subarray(row * size, (row + 1) * size);
  }

  async draw() {
    const source = this.originals.pixels ? "originals" : "decoded";
    const { model, count } = this;
    if (this.drawn === source) return;
    this.drawn = source;
    let { pixels } = this.originals;
    if (!pixels) {
      const codes = this.examples.slice(0, (count * this.examples.length) / this.labels.length);
      const pictures = await this.on.decode(codes, count);
      if (!pictures || model !== this.model || this.drawn !== source) {
        this.drawn = null;
        return;
      }
      ({ pixels } = pictures);
    }
    const rows = Array.from({ length: count }, (_, row) => row);
    this.items.replaceChildren(...rows.map((row) => this.item(row, this.tile(pixels, row))));
  }

  item(row, pixels) {
    const button = element("button", "thumb");
    button.type = "button";
    button.title = this.labels[row];
    button.setAttribute("aria-label", this.labels[row]);
    const canvas = element("canvas", "pixelated");
    canvas.width = this.model.width;
    canvas.height = this.model.height;
    paint(canvas, pixels, this.model);
    button.append(canvas);
    button.addEventListener("click", () => this.on.take(row));
    return button;
  }
}
