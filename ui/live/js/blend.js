// A triangle between three corners, a square between four: every place is a blend of them.

import { flat, weighted, weightsAt } from "./codes.js";
import { nameOf } from "./corners.js";
import { paint, pixelsOf } from "./picture.js";

const CELLS = 9;
const NUDGE = 0.04;

export class Blend {
  // on.move(z, what) hears of the pointer; on.decode(codes, count) makes pictures.
  constructor(root, on) {
    this.root = root;
    this.on = on;
    this.pad = root.querySelector("canvas.blendpad");
    this.place = [0.5, 0.5];
    this.round = 0;
    for (const name of ["pointermove", "pointerdown"]) {
      this.pad.addEventListener(name, (event) => this.move(event));
    }
    this.pad.addEventListener("keydown", (event) => this.step(event));
  }

  // The corners' codes; other than three or four have no pad.
  take(model, corners) {
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

  move(event) {
    if (event.type === "pointermove" && event.pointerType === "touch" && !event.buttons) return;
    const box = this.pad.getBoundingClientRect();
    const share = (value) => Math.min(1, Math.max(0, value));
    // Cells have a size: a corner's picture stands for the corner all over its own cell.
    const stretch = (value) => share((value * CELLS - 0.5) / (CELLS - 1));
    const x = stretch((event.clientX - box.left) / box.width);
    const y = stretch((event.clientY - box.top) / box.height);
    this.show([x, y]);
  }

  step(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const by = steps[event.key];
    if (!by) return;
    event.preventDefault();
    this.show(this.place.map((value, k) => Math.min(1, Math.max(0, value + NUDGE * by[k]))));
  }

  show(place) {
    this.place = place;
    const weights = weightsAt(place, this.count);
    const parts = weights.map((weight, k) => `${Math.round(100 * weight)} % ${nameOf(k)}`);
    this.on.move(weighted(this.corners, weights), parts.join(", "));
  }
}

// The places of a row: of the square as many in each, of the triangle one more in each.
function placesOf(row, corners) {
  const count = corners === 4 ? CELLS : row + 1;
  const first = 0.5 - (count - 1) / 2 / (CELLS - 1);
  return Array.from({ length: count }, (_, k) => [first + k / (CELLS - 1), row / (CELLS - 1)]);
}
