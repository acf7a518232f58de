// A picture beside its reconstruction and their difference, and how unusual its error is.

import { difference, squaredError } from "./pixels.js";
import { paint } from "./picture.js";
import { errorInWords } from "./statistics.js";

export class Comparison {
  constructor(root) {
    this.root = root;
    this.line = root.querySelector(".error");
    this.canvases = {};
    for (const canvas of root.querySelectorAll("canvas")) {
      this.canvases[canvas.dataset.live] = canvas;
    }
  }

  // errors: { quantiles, count, split } of held-out images, quantiles evenly spaced from 0 to 1.
  take(model, errors) {
    this.model = model;
    this.errors = errors;
    this.root.hidden = true;
    for (const canvas of Object.values(this.canvases)) {
      canvas.width = model.width;
      canvas.height = model.height;
    }
  }

  show(input, reconstruction) {
    this.root.hidden = false;
    const error = squaredError(input, reconstruction);
    this.paint("input", input);
    this.paint("reconstruction", reconstruction);
    this.paint("difference", difference(input, reconstruction));
    this.root.dataset.error = error;
    this.line.textContent = `Squared error ${error.toFixed(4)} a pixel, ${errorInWords(this.errors, error)}.`;
  }

  paint(name, pixels) {
    paint(this.canvases[name], pixels, this.model);
  }

  hide() {
    this.root.hidden = true;
  }
}
