// One native range input a latent dimension, most informative first, the rest folded away.

import { element, format } from "./dom.js";

const SHOWN = 12;
const STEPS = 200;
const BAND_SIGMAS = 2;

export class Sliders {
  // onInput(dim, value) is called at every movement, onUnfold() when there are more sliders.
  constructor(root, onInput, onUnfold) {
    this.root = root;
    this.onInput = onInput;
    this.onUnfold = onUnfold;
    this.rows = new Map();
    this.folds = [];
  }

  // dims: [{ dim, low, high, information, active }] in the order they are shown.
  build(dims, unit) {
    this.unit = unit;
    this.rows.clear();
    this.folds = [];
    this.root.replaceChildren();
    let active = dims.filter((entry) => entry.active);
    if (active.length === 0) active = dims.slice(0, SHOWN);
    const others = dims.filter((entry) => !active.includes(entry));
    this.addRows(this.root, active.slice(0, SHOWN));
    this.addFold(active.slice(SHOWN), (n) => `${n} more dimension${n > 1 ? "s" : ""}`);
    this.addFold(others, (n) => `${n} collapsed dimension${n > 1 ? "s" : ""}`);
  }

  addFold(dims, title) {
    if (dims.length === 0) return;
    const fold = element("details", "fold");
    const summary = element("summary", "", title(dims.length));
    fold.append(summary);
    this.root.append(fold);
    const open = () => {
      if (fold.dataset.filled) return;
      fold.dataset.filled = "yes";
      this.addRows(fold, dims);
      this.set(this.z);
      this.spread(this.posterior);
      this.onUnfold();
    };
    fold.addEventListener("toggle", () => fold.open && open());
    this.folds.push({ fold, open, dims: new Set(dims.map((entry) => entry.dim)) });
  }

  addRows(parent, dims) {
    for (const entry of dims) {
      const row = new Row(entry, this.unit, this.onInput);
      this.rows.set(entry.dim, row);
      parent.append(row.element);
    }
  }

  set(z) {
    this.z = z;
    for (const [dim, row] of this.rows) row.set(z[dim]);
  }

  // Show the middle of a posterior on every track, from -2 to +2 standard deviations.
  spread(posterior) {
    this.posterior = posterior;
    for (const [dim, row] of this.rows) row.spread(posterior, dim);
  }

  // Point one slider out: unfold it, bring it into view, focus it.
  focus(dim) {
    const folded = this.folds.find(({ dims }) => dims.has(dim));
    if (folded) {
      folded.fold.open = true;
      folded.open();
    }
    this.rows.get(dim)?.pointOut();
  }
}

class Row {
  constructor({ dim, low, high, information, meaning }, unit, onInput) {
    this.dim = dim;
    this.low = low;
    this.high = high;
    this.element = element("div", "row");
    const label = element("label", "name", `z${dim}`);
    this.input = element("input", "slider");
    this.value = element("output", "value");
    const info = element("span", "information", `${format(information)} ${unit}`);
    if (meaning) {
      const guess = element("span", "meaning", meaning);
      guess.title = "What it follows most closely in held-out images, with the correlation";
      info.append(guess);
    }
    label.htmlFor = this.input.id = `z${dim}`;
    this.input.type = "range";
    this.input.step = "any";
    this.input.dataset.dim = dim;
    this.input.addEventListener("input", () => onInput(dim, Number(this.input.value)));
    this.input.addEventListener("dblclick", () => onInput(dim, 0));
    this.input.addEventListener("keydown", (event) => this.step(event, dim, onInput));
    this.strip = element("canvas", "strip");
    this.strip.width = 0;
    const track = element("span", "track");
    this.band = element("span", "band");
    this.band.hidden = true;
    track.append(this.strip, this.band, this.input);
    this.element.append(label, track, this.value, info);
  }

  // Arrow and page keys, alike in every browser (a free step is 1 % in some, 1 in others).
  step(event, dim, onInput) {
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };
    const by = steps[event.key] ?? { PageUp: 20, PageDown: -20 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const size = (this.high - this.low) / STEPS;
    const value = Number(this.input.value) + by * size * (event.shiftKey ? 5 : 1);
    onInput(dim, Math.min(this.maximum, Math.max(this.minimum, value)));
  }

  // Show a value; the track widens where the value lies outside the range of the codes.
  set(value) {
    if (value === this.shown) return;
    this.shown = value;
    const ends = [this.minimum, this.maximum].join();
    this.minimum = Math.min(this.low, value);
    this.maximum = Math.max(this.high, value);
    this.input.min = this.minimum;
    this.input.max = this.maximum;
    if (Math.fround(this.input.value) !== value) this.input.value = value;
    this.input.setAttribute("aria-valuetext", value.toFixed(2));
    this.value.textContent = format(value);
    this.value.dataset.value = value;
    const zero = this.place(0);
    this.input.style.setProperty("--from", Math.min(zero, this.place(value)));
    this.input.style.setProperty("--to", Math.max(zero, this.place(value)));
    if (this.ends && ends !== [this.minimum, this.maximum].join()) this.drawBand();
  }

  // Where on the track a value lies, 0 to 1.
  place(value) {
    const share = (value - this.minimum) / (this.maximum - this.minimum || 1);
    return Math.min(1, Math.max(0, share));
  }

  spread(posterior, dim) {
    this.ends = null;
    this.band.hidden = !posterior;
    if (!posterior) return;
    const reach = BAND_SIGMAS * Math.exp(posterior.logVar[dim] / 2);
    this.ends = [posterior.mean[dim] - reach, posterior.mean[dim] + reach];
    this.drawBand();
  }

  drawBand() {
    const [low, high] = this.ends;
    this.band.style.setProperty("--low", this.place(low));
    this.band.style.setProperty("--high", this.place(high));
    this.band.title = `q(z|x): ${format(low)} to ${format(high)}, two standard deviations`;
  }

  pointOut() {
    this.input.focus({ preventScroll: true });
    this.element.scrollIntoView({ block: "center", behavior: "smooth" });
    this.element.classList.remove("pointed");
    void this.element.offsetWidth; // restart the animation
    this.element.classList.add("pointed");
  }
}
