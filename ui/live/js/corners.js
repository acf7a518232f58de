// The pictures one goes between: a card each. One of them is chosen, and gets the next picture.

import { flat } from "./codes.js";
import { element } from "./dom.js";
import { paint, pixelsOf, thumbnail } from "./picture.js";
import { errorInWords } from "./statistics.js";
import { squaredError } from "./pixels.js";

export const MAX_CORNERS = 6;
const LETTERS = "ABCDEF";

export function nameOf(k) {
  return LETTERS[k];
}

// A corner without a picture of its own.
export function cornerAt(z, what) {
  return { z, what, pixels: null, picture: null, before: null };
}

// A corner is { z, what, pixels, picture, before }: pixels are what the encoder saw, picture
// the upload they are from, before the error ahead of refining; all three may be missing.
export class Corners {
  // on.choose(k), on.change() and on.refine(corner) hear of the visitor; on.another() gives a corner
  // to add, on.decode(codes, count) makes pictures.
  constructor(root, on) {
    this.root = root;
    this.on = on;
    this.list = root.querySelector(".cards");
    this.add = root.querySelector("button.add");
    this.add.addEventListener("click", () => this.append());
    this.all = [];
  }

  // A model is on its way, with the errors of its held-out images.
  expect(model, errors) {
    this.model = model;
    this.errors = errors;
    this.all = [];
  }

  take(corners) {
    this.all = corners;
    this.chosen = 0;
    this.draw();
  }

  get codes() {
    return this.all.map(({ z }) => z);
  }

  get current() {
    return this.all[this.chosen];
  }

  choose(k) {
    this.chosen = k;
    this.mark();
    this.on.choose(k);
  }

  // Put a corner in a place, which may be the one after the last.
  put(k, corner) {
    const place = Math.min(k, this.all.length, MAX_CORNERS - 1);
    this.all = [...this.all.slice(0, place), corner, ...this.all.slice(place + 1)];
    this.on.change();
    this.draw();
    return place;
  }

  append() {
    this.arrange([...this.all, this.on.another()], this.all.length);
  }

  remove(k) {
    const left = this.all.filter((_, other) => other !== k);
    const chosen = this.chosen > k ? this.chosen - 1 : this.chosen;
    this.arrange(left, Math.min(chosen, left.length - 1));
  }

  // The chosen picture stays chosen where it goes.
  swap(k) {
    const swapped = this.all.slice();
    [swapped[k], swapped[k + 1]] = [swapped[k + 1], swapped[k]];
    this.arrange(swapped, swapped.indexOf(this.current));
  }

  arrange(all, chosen) {
    this.all = all;
    this.chosen = chosen;
    this.draw();
    this.on.change();
    this.choose(chosen);
  }

  async draw() {
    const { model, all } = this;
    this.add.hidden = all.length >= MAX_CORNERS;
    this.cards = all.map((corner, k) => this.card(corner, k));
    this.list.replaceChildren(...this.cards.map(({ node }) => node));
    this.mark();
    const codes = flat(this.codes);
    const pictures = await this.on.decode(codes, all.length);
    if (!pictures || this.all !== all || this.model !== model) return;
    this.cards.forEach((card, k) => this.fill(card, all[k], pixelsOf(pictures, k)));
  }

  mark() {
    this.cards.forEach(({ node, button }, k) => {
      node.toggleAttribute("data-chosen", k === this.chosen);
      button.setAttribute("aria-pressed", k === this.chosen);
    });
  }

  card(corner, k) {
    const node = element("div", "corner");
    const { button, canvas } = thumbnail(this.model, `Picture ${nameOf(k)}: ${corner.what}`);
    button.addEventListener("click", () => this.choose(k));
    const seen = element("canvas", "pixelated seen");
    [seen.width, seen.height] = [this.model.width, this.model.height];
    seen.hidden = !corner.pixels;
    button.prepend(seen);
    const text = element("p", "about");
    const error = element("p", "trust");
    text.append(element("b", "", nameOf(k)), ` ${corner.what}`);
    const tools = element("div", "cardtools");
    if (corner.pixels) {
      const label = `Make ${nameOf(k)} more like its picture`;
      tools.append(tool("Improve", label, () => this.on.refine(corner)));
    }
    if (k + 1 < this.all.length) {
      tools.append(tool("\u21c4", `Swap ${nameOf(k)} and ${nameOf(k + 1)}`, () => this.swap(k)));
    }
    if (this.all.length > 2) {
      tools.append(tool("\u00d7", `Remove ${nameOf(k)}`, () => this.remove(k)));
    }
    node.append(button, text, error, tools);
    return { node, button, canvas, seen, error };
  }

  fill({ canvas, seen, error }, corner, decoded) {
    paint(canvas, decoded, this.model);
    if (!corner.pixels) return;
    paint(seen, corner.pixels, this.model);
    corner.error = squaredError(corner.pixels, decoded);
    const was = corner.before ? ` (was ${corner.before.toFixed(4)})` : "";
    const rank = errorInWords(this.errors, corner.error);
    error.textContent = `Error ${corner.error.toFixed(4)}${was}, ${rank}`;
  }

  // Say how far refining is, on the corner's own card.
  say(corner, text) {
    const k = this.all.indexOf(corner);
    if (k >= 0) this.cards[k].error.textContent = text;
  }

  // A better code for a corner, unless it has gone.
  improve(corner, z, before) {
    const k = this.all.indexOf(corner);
    if (k >= 0) this.put(k, { ...corner, z, before });
    return k;
  }
}

function tool(name, label, work) {
  const button = element("button", "", name);
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label);
  button.addEventListener("click", work);
  return button;
}
