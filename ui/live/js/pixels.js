// Pictures as bytes, pixel by pixel: shrunk, centred, compared.

// Average blocks of scale by scale pixels of RGBA bytes: (height, width, channels) bytes.
export function average(rgba, { height, width, channels }, scale) {
  const pixels = new Uint8Array(height * width * channels);
  const row = 4 * width * scale;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let dy = 0; dy < scale; dy++) {
          const start = (y * scale + dy) * row + 4 * x * scale + c;
          for (let dx = 0; dx < scale; dx++) sum += rgba[start + 4 * dx];
        }
        pixels[(y * width + x) * channels + c] = Math.round(sum / (scale * scale));
      }
    }
  }
  return pixels;
}

// Where RGBA bytes are as far from grey paper as ink is: [left, top, width, height], null where nowhere.
export function boundsOf(rgba, { width, height }, paper, ink) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (Math.abs(rgba[4 * (y * width + x)] - paper) < ink) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < 0 ? null : [left, top, right - left + 1, bottom - top + 1];
}

// A grey picture moved by whole pixels so that its ink lies about the middle, as in MNIST.
export function centred(pixels, { height, width }, paper) {
  let [ink, across, down] = [0, 0, 0];
  pixels.forEach((value, k) => {
    const weight = Math.abs(value - paper);
    ink += weight;
    across += weight * (k % width);
    down += weight * Math.floor(k / width);
  });
  if (ink === 0) return pixels;
  const right = Math.round((width - 1) / 2 - across / ink);
  const below = Math.round((height - 1) / 2 - down / ink);
  const moved = new Uint8Array(pixels.length).fill(paper);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromX, fromY] = [x - right, y - below];
      if (fromX < 0 || fromX >= width || fromY < 0 || fromY >= height) continue;
      moved[y * width + x] = pixels[fromY * width + fromX];
    }
  }
  return moved;
}

export function difference(a, b) {
  return a.map((value, k) => Math.abs(value - b[k]));
}

// Mean over all values of the squared difference, of values in [0, 1].
export function squaredError(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += ((a[k] - b[k]) / 255) ** 2;
  return sum / a.length;
}
