// What the points' colours mean: classes that can be hidden, or a quantity with its bar.

import { element, format } from "./dom.js";
import { packed } from "./dots.js";

const CLASSES = 256;
const ALPHA = 225;
const BACK_ALPHA = 110;
const FADED = 40;
const ENDS = [0.01, 0.99];
const SAMPLE = 20000;
// From little to much; told apart by lightness alone as well.
const RAMP = ["#3B2F80", "#2F6FA8", "#1B9A8F", "#7DBB4C", "#F2C230"];

export class Colouring {
  // change() hears that the colours are others now.
  constructor(root, change) {
    this.root = root;
    this.change = change;
    this.hidden = new Set();
    this.group = null;
    this.alpha = ALPHA;
  }

  // Colour by classes: a label for each point.
  byLabel(label, names, colours) {
    const isAnother = !this.isLabel || names.join() !== this.names.join();
    if (isAnother) this.hidden.clear();
    Object.assign(this, { isLabel: true, names, colours });
    this.shade = Uint16Array.from(label);
    this.mix();
    this.drawLegend();
  }

  // Colour by a quantity; the ends of the bar leave one in a hundred out on either side.
  byValue(values, title) {
    this.isLabel = false;
    this.hidden.clear();
    const [low, high] = endsOf(values);
    const scale = (CLASSES - 1) / (high - low || 1);
    this.shade = Uint16Array.from(values, (value) =>
      Math.min(CLASSES - 1, Math.max(0, Math.round((value - low) * scale))),
    );
    this.mix();
    this.drawBar(title, low, high);
  }

  // Fade all but some of the points; null fades none.
  mark(rows) {
    this.group = rows;
    this.mix();
    this.change();
  }

  // The points let more of what lies behind them through.
  stepBack(isBack) {
    this.alpha = isBack ? BACK_ALPHA : ALPHA;
    this.mix();
  }

  // The upper half of the palette is for points that are faded.
  mix() {
    this.shown = this.shade;
    if (!this.shade) return;
    if (this.group) {
      this.shown = this.shade.map((value) => value + CLASSES);
      for (const row of this.group) this.shown[row] -= CLASSES;
    }
    this.palette = new Uint32Array(2 * CLASSES);
    for (let k = 0; k < CLASSES; k++) {
      if (this.hidden.has(k)) continue;
      const colour = this.isLabel ? this.colours[k % this.colours.length] : rampAt(k);
      this.palette[k] = packed(colour, this.alpha);
      this.palette[k + CLASSES] = packed(colour, FADED);
    }
  }

  colourOf(row) {
    const k = this.shade[row];
    return this.isLabel ? this.colours[k % this.colours.length] : rampAt(k);
  }

  isShown(row) {
    return this.palette[this.shown[row]] !== 0;
  }

  drawLegend() {
    const chips = this.names.map((name, k) => this.chip(name, k));
    this.root.replaceChildren(...chips);
    this.root.hidden = chips.length === 0;
  }

  chip(name, k) {
    const button = element("button", "chip", name);
    button.type = "button";
    button.style.setProperty("--chip", this.colours[k % this.colours.length]);
    button.setAttribute("aria-pressed", !this.hidden.has(k));
    button.title = "Press to hide or show; with Shift to show it alone";
    button.addEventListener("click", (event) => {
      if (event.shiftKey) this.showOnly(k);
      else this.toggle(k);
    });
    return button;
  }

  toggle(k) {
    if (!this.hidden.delete(k)) this.hidden.add(k);
    this.showHidden();
  }

  // One class alone; all of them, if it was alone already.
  showOnly(k) {
    const isAlone = !this.hidden.has(k) && this.hidden.size === this.names.length - 1;
    this.hidden = new Set(isAlone ? [] : this.names.map((_, n) => n).filter((n) => n !== k));
    this.showHidden();
  }

  showHidden() {
    [...this.root.children].forEach((chip, n) =>
      chip.setAttribute("aria-pressed", !this.hidden.has(n)),
    );
    this.mix();
    this.change();
  }

  drawBar(title, low, high) {
    const bar = element("span", "ramp");
    bar.style.background = `linear-gradient(90deg, ${RAMP.join(", ")})`;
    const digits = Math.max(0, Math.min(4, 2 - Math.floor(Math.log10(high - low || 1))));
    const [from, to] = [low, high].map((value) => element("span", "", format(value, digits)));
    this.root.replaceChildren(element("span", "", title), from, bar, to);
    this.root.hidden = false;
  }
}

function endsOf(values) {
  const step = Math.max(1, Math.floor(values.length / SAMPLE));
  const some = Float64Array.from({ length: Math.ceil(values.length / step) }, (_, k) => values[k * step]);
  some.sort();
  return ENDS.map((share) => some[Math.round(share * (some.length - 1))]);
}

function rampAt(k) {
  const place = (k / (CLASSES - 1)) * (RAMP.length - 1);
  const from = Math.min(RAMP.length - 2, Math.floor(place));
  const part = (hex, n) => parseInt(hex.slice(1 + 2 * n, 3 + 2 * n), 16);
  const mix = (n) => {
    const [a, b] = [part(RAMP[from], n), part(RAMP[from + 1], n)];
    return Math.round(a + (place - from) * (b - a)).toString(16).padStart(2, "0");
  };
  return `#${[0, 1, 2].map(mix).join("")}`;
}
