// The latent plane: two coordinates as x and y, the others those of the current point. Dots are
// held-out codes; circles are the prior at 1, 2 and 3 sigma; ellipses are posteriors, all to one
// scale on both axes. Hovering shows what a place decodes to, a press takes it.

import { element, format } from "./dom.js";
import { paint, pixelsOf } from "./picture.js";

const MARGIN = 1.06;
const SIGMAS = [1, 2, 3];
const TILES = 15;
const NUDGE = 0.02;
const DOT = 2;

export class Plane {
  // on.peek(z, place), on.leave() and on.take(z, place) hear of the pointer, on.view(text) of the
  // axes and layers; on.decode(z, count) makes pictures. Two planes may share a control.
  constructor(root, on, shared = {}) {
    this.root = root;
    this.on = on;
    this.canvas = root.querySelector("canvas.map");
    const control = (selector, kind) => root.querySelector(selector) ?? element(kind);
    this.axes = { x: control("select.x", "select"), y: control("select.y", "select") };
    this.shows = {
      mosaic: shared.mosaic ?? control("input.mosaic", "input"),
      ellipses: control("input.ellipses", "input"),
    };
    this.legend = control(".legend", "div");
    for (const control of [...Object.values(this.axes), ...Object.values(this.shows)]) {
      control.addEventListener("change", () => {
        this.change();
        this.on.view(this.viewText);
      });
    }
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointerleave", () => this.on.leave());
    this.canvas.addEventListener("keydown", (event) => this.step(event));
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.canvas);
    this.round = 0;
  }

  // data: { mean, logVar, label, colours, names, prior } of held-out codes; dims in their order.
  // view is what viewText was in another page.
  take(model, data, dims, z, view = "") {
    this.model = model;
    this.data = data;
    this.dimension = z.length;
    this.z = z;
    this.root.hidden = this.dimension < 2;
    if (this.root.hidden) return;
    const options = () => dims.map(({ dim }) => new Option(`z${dim}`, dim));
    for (const axis of Object.values(this.axes)) axis.replaceChildren(...options());
    this.axes.x.value = Math.min(dims[0].dim, dims[1].dim);
    this.axes.y.value = Math.max(dims[0].dim, dims[1].dim);
    this.recall(view);
    this.root.toggleAttribute("data-fixed", this.dimension === 2);
    this.root.toggleAttribute("data-points", !data.logVar);
    this.legend.replaceChildren(...data.names.map((name, k) => chip(name, data.colours[k])));
    this.change();
  }

  // The axes and layers as text, "" for those that a page opens with.
  get viewText() {
    const layers = Object.keys(this.shows).filter((name) => this.shows[name].checked);
    const isUsual = layers.length === 0 && `${this.x},${this.y}` === this.usual;
    return isUsual ? "" : [this.x, this.y, ...layers].join(",");
  }

  recall(view) {
    this.usual = `${this.axes.x.value},${this.axes.y.value}`;
    const [x, y, ...layers] = view.split(",");
    const known = Array.from(this.axes.x.options, (option) => option.value);
    const isPlane = known.includes(x) && known.includes(y) && x !== y;
    if (isPlane) [this.axes.x.value, this.axes.y.value] = [x, y];
    for (const name of Object.keys(this.shows)) this.shows[name].checked = layers.includes(name);
  }

  change() {
    const [x, y] = [Number(this.axes.x.value), Number(this.axes.y.value)];
    // A dimension chosen for both axes: the two change places.
    [this.x, this.y] = x === y ? [this.y, this.x] : [x, y];
    [this.axes.x.value, this.axes.y.value] = [this.x, this.y];
    this.measure();
    this.round += 1;
    this.tiles = null;
    this.draw();
    if (this.shows.mosaic.checked) this.fill();
  }

  // The square that holds the codes, the prior's circles and both axes at the same scale.
  measure() {
    const { mean, prior } = this.data;
    const reach = prior ? [-SIGMAS.at(-1), SIGMAS.at(-1)] : [0, 0];
    const ends = [this.x, this.y].map((dim) => {
      let [low, high] = reach;
      for (let k = dim; k < mean.length; k += this.dimension) {
        low = Math.min(low, mean[k]);
        high = Math.max(high, mean[k]);
      }
      return [low, high];
    });
    this.half = (MARGIN * Math.max(...ends.map(([low, high]) => high - low))) / 2;
    this.centre = ends.map(([low, high]) => (low + high) / 2);
  }

  // The current point; where the others moved, the pictures behind are no longer true.
  set(z) {
    const hasMoved = z.some((value, k) => k !== this.x && k !== this.y && value !== this.z[k]);
    this.z = z;
    if (this.root.hidden) return;
    if (hasMoved) this.round += 1;
    if (hasMoved && this.tiles) {
      this.tiles = null;
      this.draw();
    } else {
      this.drawAgain();
    }
  }

  // The pointer rests: now there is time for the pictures behind.
  rest() {
    if (!this.root.hidden && this.shows.mosaic.checked && !this.tiles) this.fill();
  }

  // All that stays while the point moves is drawn once, thousands of dots and what the page's style
  // says: asking for either at every move would take longer than the picture does.
  draw() {
    const { canvas } = this;
    this.unit = window.devicePixelRatio || 1;
    this.side = Math.round(canvas.clientWidth * this.unit);
    this.backdrop = this.ring = null;
    if (!this.side || !this.data || this.root.hidden) return;
    if (canvas.width !== this.side) canvas.width = canvas.height = this.side;
    const { color, backgroundColor, accentColor } = getComputedStyle(canvas);
    this.style = { color, backgroundColor, accentColor };
    this.scale = this.side / (2 * this.half);
    this.backdrop = this.drawBackdrop();
    this.drawAgain();
  }

  // The point's ring on what stays.
  drawAgain() {
    const ring = this.at(this.z[this.x], this.z[this.y]);
    if (!this.backdrop || ring.join() === this.ring) return;
    this.ring = ring.join();
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, this.side, this.side);
    context.drawImage(this.backdrop, 0, 0);
    this.drawPoint(context, ring);
  }

  // Where a code lies on the canvas, in its pixels.
  at(x, y) {
    const { side, scale, centre } = this;
    return [(x - centre[0]) * scale + side / 2, side / 2 - (y - centre[1]) * scale];
  }

  drawBackdrop() {
    const { side } = this;
    const backdrop = document.createElement("canvas");
    backdrop.width = backdrop.height = side;
    const context = backdrop.getContext("2d");
    this.legend.hidden = this.tiles !== null;
    if (this.tiles) {
      context.imageSmoothingEnabled = false;
      context.drawImage(this.tiles, 0, 0, side, side);
    }
    if (this.data.prior) this.drawPrior(context);
    if (!this.tiles) {
      this.drawCodes(context);
      this.drawNames(context);
    }
    return backdrop;
  }

  // Which coordinate grows to the right, which upwards.
  drawNames(context) {
    const { unit, side } = this;
    context.font = `${12 * unit}px sans-serif`;
    context.fillStyle = this.style.color;
    context.globalAlpha = 0.7;
    context.textAlign = "right";
    context.fillText(`z${this.x} \u2192`, side - 6 * unit, side - 8 * unit);
    context.textAlign = "left";
    context.fillText(`\u2191 z${this.y}`, 6 * unit, 16 * unit);
    context.globalAlpha = 1;
  }

  drawPrior(context) {
    context.strokeStyle = this.style.color;
    context.globalAlpha = 0.35;
    context.lineWidth = this.unit;
    for (const sigma of SIGMAS) {
      context.beginPath();
      context.arc(...this.at(0, 0), sigma * this.scale, 0, 2 * Math.PI);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  drawCodes(context) {
    const { mean, logVar, label, colours } = this.data;
    const withEllipses = logVar && this.shows.ellipses.checked;
    context.globalAlpha = withEllipses ? 0.35 : 0.75;
    for (let row = 0, k = 0; k < mean.length; row++, k += this.dimension) {
      const place = this.at(mean[k + this.x], mean[k + this.y]);
      context.fillStyle = context.strokeStyle = colours[label ? label[row] : 0] ?? colours[0];
      context.beginPath();
      if (withEllipses) {
        const radii = [this.x, this.y].map((dim) => this.scale * Math.exp(logVar[k + dim] / 2));
        context.ellipse(...place, ...radii, 0, 0, 2 * Math.PI);
        context.stroke();
      } else {
        context.arc(...place, DOT * this.unit, 0, 2 * Math.PI);
        context.fill();
      }
    }
    context.globalAlpha = 1;
  }

  drawPoint(context, place) {
    for (const [colour, width] of [
      [this.style.backgroundColor, 5],
      [this.style.accentColor, 2],
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = width * this.unit;
      context.beginPath();
      context.arc(...place, this.side / 45, 0, 2 * Math.PI);
      context.stroke();
    }
    this.canvas.setAttribute(
      "aria-valuetext",
      `z${this.x} ${format(this.z[this.x])}, z${this.y} ${format(this.z[this.y])}`,
    );
  }

  // Decode a grid of places, a row at a time, and put the pictures behind.
  async fill() {
    const { height, width } = this.model;
    const sheet = document.createElement("canvas");
    sheet.width = TILES * width;
    sheet.height = TILES * height;
    this.round += 1;
    const { round, z: start } = this;
    for (let row = 0; row < TILES; row++) {
      const codes = new Float32Array(TILES * start.length);
      for (let column = 0; column < TILES; column++) {
        const z = this.codeAt((column + 0.5) / TILES, (row + 0.5) / TILES, start);
        codes.set(z, column * start.length);
      }
      const pictures = await this.on.decode(codes, TILES);
      if (!pictures || round !== this.round) return;
      for (let column = 0; column < TILES; column++) {
        paint(sheet, pixelsOf(pictures, column), pictures, column * width, row * height);
      }
      this.tiles = sheet;
      this.draw();
    }
  }

  // The code at a place of the square, both 0 to 1 from the left and from the top.
  codeAt(across, down, z = this.z) {
    const code = z.slice();
    code[this.x] = this.centre[0] + (2 * across - 1) * this.half;
    code[this.y] = this.centre[1] - (2 * down - 1) * this.half;
    return code;
  }

  placeUnder(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = (value) => Math.min(1, Math.max(0, value));
    return [
      share((event.clientX - box.left) / box.width),
      share((event.clientY - box.top) / box.height),
    ];
  }

  move(event) {
    const place = this.placeUnder(event);
    if (event.buttons) this.on.take(this.codeAt(...place), place);
    else if (event.pointerType !== "touch") this.on.peek(this.codeAt(...place), place);
  }

  press(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    const place = this.placeUnder(event);
    this.on.take(this.codeAt(...place), place);
  }

  step(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const by = steps[event.key];
    if (!by) return;
    event.preventDefault();
    const size = NUDGE * (event.shiftKey ? 5 : 1);
    const [across, down] = this.placeOf(this.z);
    const place = [across + by[0] * size, down - by[1] * size];
    this.on.take(this.codeAt(...place), place);
  }

  // Where a code lies on the square, 0 to 1 where it is inside.
  placeOf(z) {
    const across = (z[this.x] - this.centre[0]) / this.half;
    const down = (this.centre[1] - z[this.y]) / this.half;
    return [(across + 1) / 2, (down + 1) / 2];
  }

  close() {
    this.sizes.disconnect();
  }
}

function chip(name, colour) {
  const node = element("span", "chip", name);
  node.style.setProperty("--chip", colour);
  return node;
}
