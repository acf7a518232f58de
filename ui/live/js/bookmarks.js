// Points worth coming back to, kept by this browser, a list for each model.

import { element } from "./dom.js";
import { paint, pixelsOf, thumbnail } from "./picture.js";

const MAX_BOOKMARKS = 40;
const DIGITS = 5;

// The bookmarks of a model: [[z0, z1, ...], ...], oldest first.
function readBookmarks(checkpoint) {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(checkpoint)) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return []; // a browser that keeps nothing, or something that is not ours
  }
}

export class Bookmarks {
  // on.take(z) hears of a chosen one; on.decode(z, count) makes pictures; of() gives z.
  constructor(root, button, on) {
    this.root = root;
    this.on = on;
    button.addEventListener("click", () => this.add());
  }

  take(model, dims) {
    this.model = model;
    const fits = (z) => Array.isArray(z) && z.length === dims && z.every(Number.isFinite);
    this.kept = readBookmarks(model.id).filter(fits);
    this.draw();
  }

  add() {
    const z = Array.from(this.on.of(), (value) => Number(value.toFixed(DIGITS)));
    this.kept = this.kept.filter((other) => other.join() !== z.join());
    this.kept = [...this.kept, z].slice(-MAX_BOOKMARKS);
    this.keep();
  }

  remove(z) {
    this.kept = this.kept.filter((other) => other !== z);
    this.keep();
  }

  keep() {
    try {
      localStorage.setItem(keyOf(this.model.id), JSON.stringify(this.kept));
    } catch {
      // They then last as long as the page.
    }
    this.draw();
  }

  async draw() {
    const { kept, model } = this;
    this.root.hidden = kept.length === 0;
    const items = kept.map((z, k) => this.item(z, k));
    this.root.replaceChildren(...items.map(({ node }) => node));
    if (kept.length === 0) return;
    const codes = Float32Array.from(kept.flat());
    const pictures = await this.on.decode(codes, kept.length);
    if (!pictures || this.kept !== kept || this.model !== model) return;
    items.forEach(({ canvas }, k) => paint(canvas, pixelsOf(pictures, k), pictures));
  }

  item(z, k) {
    const node = element("span", "bookmark");
    const { button, canvas } = thumbnail(this.model, `Bookmark ${k + 1}`);
    button.addEventListener("click", () => this.on.take(Float32Array.from(z), k + 1));
    const remove = element("button", "remove", "\u00d7");
    remove.type = "button";
    remove.setAttribute("aria-label", `Remove bookmark ${k + 1}`);
    remove.addEventListener("click", () => this.remove(z));
    node.append(button, remove);
    return { node, canvas };
  }
}

function keyOf(checkpoint) {
  return `latent-bookmarks-${checkpoint}`;
}
