// Behind each slider, what one would see along it: small pictures, drawn while the pointer rests.

import { paint, pixelsOf } from "./picture.js";

export const FRAMES = 9;
// Strips that take longer would be felt when the pointer moves on. One alone may have met a busy
// moment; after so many in a row there are none.
const MAX_MS = 200;
const MOST_SLOW = 4;

export class Film {
  // rows() gives the sliders on show; decode(codes, count) makes pictures, null where it cannot.
  constructor(rows, decode) {
    this.rows = rows;
    this.decode = decode;
    this.round = 0;
    this.slow = 0;
  }

  // A new model: its strips are to be made, unless they turn out to be too slow.
  clear() {
    this.round += 1;
    this.slow = 0;
  }

  stop() {
    this.round += 1;
  }

  async draw(z) {
    this.round += 1;
    const { round } = this;
    for (const row of this.rows()) {
      if (this.slow >= MOST_SLOW) return this.blank();
      const began = performance.now();
      const pictures = await this.decode(codesAlong(row, z), FRAMES);
      if (!pictures || round !== this.round) return;
      this.slow = performance.now() - began > MAX_MS ? this.slow + 1 : 0;
      drawStrip(row.strip, pictures);
      // Between two strips whatever the visitor does comes first.
      await new Promise((resolve) => setTimeout(resolve));
      if (round !== this.round) return;
    }
  }

  // None rather than those of another point.
  blank() {
    for (const { strip } of this.rows()) strip.width = 0;
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
