// Behind each slider, what one would see along it: small pictures, drawn while the pointer rests.

import { paint, pixelsOf } from "./picture.js";

export const FRAMES = 9;
// A strip that takes longer would be felt when the pointer moves on.
const MAX_MS = 200;

export class Film {
  // rows() gives the sliders on show; decode(codes, count) makes pictures, null where it cannot.
  constructor(rows, decode) {
    this.rows = rows;
    this.decode = decode;
    this.round = 0;
  }

  // A new model: its strips are to be made, unless they turn out to be too slow.
  clear() {
    this.round += 1;
    this.isTooSlow = false;
  }

  stop() {
    this.round += 1;
  }

  async draw(z) {
    this.round += 1;
    const { round } = this;
    for (const row of this.rows()) {
      if (this.isTooSlow) return;
      const began = performance.now();
      const pictures = await this.decode(codesAlong(row, z), FRAMES);
      if (!pictures || round !== this.round) return;
      this.isTooSlow = performance.now() - began > MAX_MS;
      drawStrip(row.strip, pictures);
      // Between two strips whatever the visitor does comes first.
      await new Promise((resolve) => setTimeout(resolve));
      if (round !== this.round) return;
    }
  }
}

function codesAlong({ dim, minimum, maximum }, z) {
  const codes = new Float32Array(FRAMES * z.length);
  for (let k = 0; k < FRAMES; k++) {
    codes.set(z, k * z.length);
    codes[k * z.length + dim] = minimum + ((k + 0.5) / FRAMES) * (maximum - minimum);
  }
  return codes;
}

function drawStrip(strip, pictures) {
  const { height, width } = pictures;
  strip.width = FRAMES * width;
  strip.height = height;
  for (let k = 0; k < FRAMES; k++) {
    paint(strip, pixelsOf(pictures, k), pictures, k * width, 0);
  }
}
