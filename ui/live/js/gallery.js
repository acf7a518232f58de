// Held-out images to choose from: their originals where the data set is here, else their codes
// decoded, and then they say so.

import { paint, pixelsOf, thumbnail } from "./picture.js";

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

  // Of the examples so many are shown; originals: { pixels, state, size, note }.
  take(model, examples, size, originals) {
    this.model = model;
    this.examples = examples;
    this.count = Math.min(size, examples.count);
    this.drawn = null;
    this.items.replaceChildren();
    this.receive(originals);
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
    const { pixels } = this.originals;
    return pixels && row < this.count ? pixelsOf({ ...this.model, pixels }, row) : null;
  }

  async draw() {
    const { model, count, originals } = this;
    const source = originals.pixels ? "originals" : "decoded";
    if (this.drawn === source) return;
    this.drawn = source;
    const pictures = originals.pixels
      ? { ...model, pixels: originals.pixels }
      : await this.on.decode(this.examples.first(count), count);
    if (!pictures || model !== this.model || this.drawn !== source) {
      this.drawn = null;
      return;
    }
    const rows = Array.from({ length: count }, (_, row) => row);
    this.items.replaceChildren(...rows.map((row) => this.item(row, pixelsOf(pictures, row))));
  }

  item(row, pixels) {
    const { what } = this.examples.at(row);
    const { button, canvas } = thumbnail(this.model, what);
    button.title = what;
    paint(canvas, pixels, this.model);
    button.addEventListener("click", () => this.on.take(row));
    return button;
  }
}
