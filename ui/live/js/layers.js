// What is drawn behind and over the points of a map: the prior, posteriors, density and holes, the
// chosen point, the visitor's own pictures.

const SIGMAS = [1, 2, 3];
const MOST_ELLIPSES = 1500;
const RING = 7;
const STAR = 9;
const HOLE = [213, 94, 0];
const FLOOR = 0.004; // of the highest density: below it nothing is drawn

export class Layers {
  constructor() {
    this.stars = [];
    this.chosen = null;
    this.grid = null;
  }

  // placing says where codes lie; map what it is of; logVar the posteriors of the first points.
  take({ placing, points, logVar, colouring, dims, hasPrior }) {
    Object.assign(this, { placing, points, logVar, colouring, dims, hasPrior });
    this.clouds = new Map();
    this.grid = null;
  }

  // Another model is on its way.
  clear() {
    this.placing = this.chosen = this.grid = null;
    this.stars = [];
  }

  // A layer behind: values (side x side), from the top left, over a square of the map.
  show(values, kind, [x, y, width]) {
    this.grid = { image: imageOf(values, kind, this.accent), x, y, width };
  }

  behind(context, at) {
    const { grid } = this;
    if (!grid) return;
    const [left, top] = at(grid.x, grid.y + grid.width);
    const [right, bottom] = at(grid.x + grid.width, grid.y);
    context.imageSmoothingEnabled = true;
    context.drawImage(grid.image, left, top, right - left, bottom - top);
  }

  over(context, at) {
    if (!this.placing) return;
    this.unit = window.devicePixelRatio || 1;
    const style = getComputedStyle(context.canvas);
    const paper = getComputedStyle(context.canvas.parentElement).backgroundColor;
    Object.assign(this, { ink: style.color, paper, accent: style.accentColor });
    if (this.withPrior && this.hasPrior && this.placing.linear) this.drawPrior(context, at);
    if (this.withPosteriors && this.placing.linear && this.logVar) this.drawPosteriors(context, at);
    if (this.chosen) this.drawChosen(context, at, this.chosen);
    for (const star of this.stars) this.drawStar(context, at, star);
  }

  drawPrior(context, at) {
    const middle = this.placing.place(new Float32Array(this.dims));
    const { radii, angle } = this.placing.ellipse(new Float32Array(this.dims));
    context.strokeStyle = this.ink;
    context.lineWidth = this.unit;
    context.globalAlpha = 0.45;
    for (const sigma of SIGMAS) this.ellipse(context, at, middle, radii, angle, sigma);
    context.globalAlpha = 1;
  }

  drawPosteriors(context, at) {
    const { points, logVar, dims } = this;
    const count = Math.min(MOST_ELLIPSES, logVar.length / dims);
    context.lineWidth = this.unit;
    context.globalAlpha = 0.5;
    for (let row = 0; row < count; row++) {
      if (!this.colouring.isShown(row)) continue;
      const own = this.placing.ellipse(logVar.subarray(row * dims, (row + 1) * dims));
      context.strokeStyle = this.colouring.colourOf(row);
      this.ellipse(context, at, points.subarray(2 * row, 2 * row + 2), own.radii, own.angle, 1);
    }
    context.globalAlpha = 1;
  }

  ellipse(context, at, [x, y], [wide, tall], angle, sigma) {
    const [across, down] = at(x, y);
    const scale = (at(x + 1, y)[0] - across) * sigma;
    context.beginPath();
    context.ellipse(across, down, wide * scale, tall * scale, -angle, 0, 2 * Math.PI);
    context.stroke();
  }

  // A place that was chosen, with its posterior where it has one.
  drawChosen(context, at, { place, mean, logVar }) {
    this.drawPosterior(context, at, place, mean, logVar);
    const [x, y] = at(...place);
    for (const [colour, width] of [
      [this.paper, 5],
      [this.ink, 2],
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = width * this.unit;
      context.beginPath();
      context.arc(x, y, RING * this.unit, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  drawPosterior(context, at, place, mean, logVar) {
    if (!logVar) return;
    context.strokeStyle = context.fillStyle = this.accent;
    context.lineWidth = 1.5 * this.unit;
    const own = this.placing.ellipse(logVar);
    if (own) {
      for (const sigma of [1, 2]) this.ellipse(context, at, place, own.radii, own.angle, sigma);
      return;
    }
    context.globalAlpha = 0.6;
    for (const [x, y] of this.cloudOf(mean, logVar)) {
      context.beginPath();
      context.arc(...at(x, y), 1.8 * this.unit, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
  }

  // Placing many draws takes longer than a frame; the last few are remembered.
  cloudOf(mean, logVar) {
    if (!this.clouds.has(mean)) {
      if (this.clouds.size > 32) this.clouds.clear();
      this.clouds.set(mean, this.placing.cloud(mean, logVar));
    }
    return this.clouds.get(mean);
  }

  drawStar(context, at, star) {
    this.drawPosterior(context, at, star.place, star.mean, star.logVar);
    const [x, y] = at(...star.place);
    context.beginPath();
    for (let k = 0; k < 10; k++) {
      const radius = STAR * this.unit * (k % 2 ? 0.45 : 1);
      const angle = (k * Math.PI) / 5 - Math.PI / 2;
      context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    }
    context.closePath();
    context.lineWidth = 2.5 * this.unit;
    context.strokeStyle = this.paper;
    context.stroke();
    context.fillStyle = this.ink;
    context.fill();
  }
}

// A density in the accent's colour, or holes in one that warns; nothing where there is nothing.
function imageOf(values, kind, accent) {
  const side = Math.round(Math.sqrt(values.length));
  const image = new ImageData(side, side);
  const most = kind === "holes" ? 1 : values.reduce((a, b) => Math.max(a, b), 0);
  const colour = kind === "holes" ? HOLE : rgbOf(accent);
  for (let k = 0; k < values.length; k++) {
    const share = most ? Math.min(1, values[k] / most) : 0;
    const alpha = share < FLOOR ? 0 : kind === "holes" ? 60 + 180 * share : 230 * Math.sqrt(share);
    image.data.set([...colour, alpha], 4 * k);
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function rgbOf(colour) {
  const numbers = colour?.match(/[\d.]+/g)?.slice(0, 3).map(Number);
  return numbers?.length === 3 ? numbers : [27, 138, 143];
}
