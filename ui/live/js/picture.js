// Pixels on a canvas of the model's own size, enlarged by CSS in whole pixels.

import { element } from "./dom.js";

const PIXELATED_BELOW = 97;
const SAVED_SIDE = 512;

// Draw one picture (height, width, channels) uint8 at a place of the canvas.
export function paint(canvas, pixels, shape, left = 0, top = 0) {
  const { height, width, channels } = shape;
  const image = new ImageData(width, height);
  const grey = channels === 1;
  for (let k = 0, source = 0; k < image.data.length; k += 4) {
    image.data[k] = pixels[source];
    image.data[k + 1] = pixels[grey ? source : source + 1];
    image.data[k + 2] = pixels[grey ? source : source + 2];
    image.data[k + 3] = 255;
    source += channels;
  }
  canvas.getContext("2d").putImageData(image, left, top);
}

// The k-th of several pictures, which lie one after the other.
export function pixelsOf({ pixels, height, width, channels }, k) {
  const size = height * width * channels;
  return pixels.subarray(k * size, (k + 1) * size);
}

// A small picture to press, of the shape of a model's; what it shows may be painted later.
export function thumbnail({ height, width }, label) {
  const button = element("button", "thumb");
  button.type = "button";
  button.setAttribute("aria-label", label);
  const canvas = element("canvas", "pixelated");
  canvas.width = width;
  canvas.height = height;
  button.append(canvas);
  return { button, canvas };
}

export function isPixelated(height, width) {
  return Math.max(height, width) < PIXELATED_BELOW;
}

// The widest display, in CSS pixels, at which every pixel of the canvas is equally wide.
export function crispWidth(available, pixels) {
  const unit = 1 / (window.devicePixelRatio || 1);
  const scale = Math.floor(available / pixels / unit) * unit;
  return scale > 0 ? scale * pixels : available;
}

export function enlarge(canvas, scale) {
  const large = document.createElement("canvas");
  large.width = canvas.width * scale;
  large.height = canvas.height * scale;
  const context = large.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, large.width, large.height);
  return large;
}

export function savingScale(canvas) {
  return Math.max(1, Math.floor(SAVED_SIDE / Math.max(canvas.width, canvas.height)));
}
