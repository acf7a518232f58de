// A triangle between three corners, a square between four: every place is a blend of them.

import { flat, weighted, weightsAt } from "./codes.js";
import { nameOf } from "./corners.js";
import { paint, pixelsOf } from "./picture.js";

const CELLS = 9;
const NUDGE = 0.04;

export class Blend {
  // on.peek(z, what) and on.leave() hear of the pointer over it, on.take(z, what) of a press;
  // on.decode(codes, count) makes pictures.
  constructor(root, on) {
    this.root = root;
    this.on = on;
    this.pad = root.querySelector("canvas.blendpad");
    this.place = [0.5, 0.5];
    this.round = 0;
    this.dot = root.querySelector(".dot");
    this.pad.addEventListener("pointermove", (event) => {
      if (event.buttons) this.take(this.placeUnder(event));
      else if (event.pointerType !== "touch") this.tell(this.placeUnder(event), on.peek);
    });
    this.pad.addEventListener("click", (event) => this.take(this.placeUnder(event)));
    this.pad.addEventListener("pointerleave", () => this.isTaken || on.leave());
    this.pad.addEventListener("keydown", (event) => this.step(event));
  }

  // The corners' codes; other than three or four have no pad.
  show(model, corners) {
    this.forget();
    this.model = model;
    this.corners = corners;
    this.round += 1;
    this.root.hidden = corners.length !== 3 && corners.length !== 4;
    if (!this.root.hidden) this.fill();
  }

  get count() {
    return this.corners.length;
  }

  // The pictures of a grid of places, a row at a time.
  async fill() {
    const { pad, model, round, corners } = this;
    const { height, width } = model;
    pad.width = CELLS * width;
    pad.height = CELLS * height;
    for (let row = 0; row < CELLS; row++) {
      const places = placesOf(row, corners.length);
      const z = flat(places.map((place) => weighted(corners, weightsAt(place, corners.length))));
      const pictures = await this.on.decode(z, places.length);
      if (!pictures || round !== this.round) return;
      places.forEach(([x], k) => {
        const left = Math.round(x * (CELLS - 1) * width);
        paint(pad, pixelsOf(pictures, k), model, left, row * height);
      });
    }
    this.root.dataset.drawn = round;
  }

  // Cells have a size: a corner's picture stands for the corner all over its own cell.
  placeUnder(event) {
    const box = this.pad.getBoundingClientRect();
    const place = [
      (event.clientX - box.left) / box.width,
      (event.clientY - box.top) / box.height,
    ];
    return place.map((value) => Math.min(1, Math.max(0, (value * CELLS - 0.5) / (CELLS - 1))));
  }

  step(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const by = steps[event.key];
    if (!by) return;
    event.preventDefault();
    this.take(this.place.map((value, k) => Math.min(1, Math.max(0, value + NUDGE * by[k]))));
  }

  // A place that stays.
  take(place) {
    this.place = place;
    this.isTaken = true;
    this.dot.hidden = false;
    const [left, top] = place.map((value) => (100 * (value * (CELLS - 1) + 0.5)) / CELLS);
    this.dot.style.left = `${left}%`;
    this.dot.style.top = `${top}%`;
    this.tell(place, this.on.take);
  }

  // Something else is shown.
  forget() {
    this.isTaken = false;
    this.dot.hidden = true;
  }

  tell(place, hear) {
    const weights = weightsAt(place, this.count);
    const parts = weights.map((weight, k) => `${Math.round(100 * weight)} % ${nameOf(k)}`);
    hear(weighted(this.corners, weights), parts.join(", "));
  }
}

// The places of a row: of the square as many in each, of the triangle one more in each.
function placesOf(row, corners) {
  const count = corners === 4 ? CELLS : row + 1;
  const first = 0.5 - (count - 1) / 2 / (CELLS - 1);
  return Array.from({ length: count }, (_, k) => [first + k / (CELLS - 1), row / (CELLS - 1)]);
}
