// A map of points that one can move over, drag, zoom and choose from. Three canvases lie on each
// other: what is behind the points, the points, and what is drawn over them.

import { drawDots, stampOf } from "./dots.js";
import { Cells, isWithin } from "./near.js";

const MARGIN = 1.08;
const CLICK = 5; // pixels that a press may move and still be one
const REACH = 12; // pixels from a point that still mean it
const WHEEL = 0.0015;
const STEP = 1.6;
const NUDGE = 0.02;
const CLOSEST = 2000; // how much larger than the whole map one may look
// Points up to each number get dots of this radius, in CSS pixels; more get single pixels.
const SIZES = [
  [3000, 2.6],
  [12000, 2],
  [60000, 1.4],
  [250000, 0.9],
];

export class Scatter {
  // on.peek(x, y, row) and on.leave() hear of the pointer, row is the point below it or -1;
  // on.take(x, y, row) of a press, on.choose(rows) of a lasso or a box;
  // on.behind(context, at) and on.over(context, at) draw, at(x, y) gives pixels.
  constructor(root, on) {
    this.root = root;
    this.on = on;
    const find = (name) => root.querySelector(`canvas.${name}`);
    [this.land, this.dots, this.marks] = ["land", "dots", "marks"].map(find);
    this.isFit = true;
    this.mode = "move";
    this.view = { x: 0, y: 0, scale: 1 };
    this.cursor = [0, 0];
    this.pointers = new Map();
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.marks);
    this.listen();
  }

  listen() {
    const { marks } = this;
    const hear = (name, work, options) => marks.addEventListener(name, work, options);
    hear("pointerdown", (event) => this.press(event));
    hear("pointermove", (event) => this.move(event));
    hear("pointerup", (event) => this.release(event));
    hear("pointercancel", (event) => this.drop(event));
    hear("pointerleave", () => this.pointers.size || this.on.leave());
    hear("wheel", (event) => this.wheel(event), { passive: false });
    hear("keydown", (event) => this.key(event));
    hear("blur", () => {
      this.isByKeys = false;
      this.drawMarks();
    });
    const press = (name, work) =>
      this.root.querySelector(`.zoom .${name}`).addEventListener("click", work);
    press("in", () => this.zoom(STEP));
    press("out", () => this.zoom(1 / STEP));
    press("fit", () => this.fit());
  }

  // points: x and y one after the other; reach is the least that is always in view around 0, 0.
  // Where it stays, one goes on looking at the same part of it, however large it has become.
  take(points, reach = 0, stays = false) {
    const before = this.whole;
    this.points = points;
    this.cells = new Cells(points);
    const { low, high } = this.cells.box;
    this.low = low.map((value) => Math.min(value, -reach || value));
    this.high = high.map((value) => Math.max(value, reach || value));
    this.count = points.length / 2;
    this.measure();
    if (!stays || this.isFit) return this.fit();
    const { x, y, scale } = this.view;
    const grown = before / this.whole;
    this.look(x * grown, y * grown, scale / grown);
  }

  // Nothing is shown until points are there again.
  clear() {
    this.points = this.shade = null;
    for (const canvas of [this.land, this.dots, this.marks]) {
      canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    }
  }

  // The scale at which the whole map is in view.
  measure() {
    const [wide, tall] = [0, 1].map((d) => MARGIN * (this.high[d] - this.low[d]) || 1);
    this.whole = Math.min(this.marks.width / wide, this.marks.height / tall);
  }

  // Each point's class, and the colour of each class; 0 hides it.
  paint(shade, palette) {
    this.shade = shade;
    this.palette = palette;
    this.draw();
  }

  fit() {
    this.look((this.low[0] + this.high[0]) / 2, (this.low[1] + this.high[1]) / 2, this.whole);
    this.isFit = true;
  }

  // Look at a place; scale is in pixels a unit.
  look(x, y, scale) {
    const { low, high } = this;
    const within = (value, d) => Math.min(high[d], Math.max(low[d], value));
    const most = this.whole * CLOSEST;
    this.view = {
      x: within(x, 0),
      y: within(y, 1),
      scale: Math.min(most, Math.max(this.whole / 4, scale)),
    };
    this.isFit = false;
    this.draw();
  }

  // Look closer at what lies at a place of the canvas, in its pixels, which stays where it is.
  zoom(factor, place = [this.marks.width / 2, this.marks.height / 2]) {
    const [x, y] = this.placeAt(...place);
    const { view } = this;
    const scale = Math.min(this.whole * CLOSEST, Math.max(this.whole / 4, view.scale * factor));
    const share = 1 - view.scale / scale;
    this.look(view.x + (x - view.x) * share, view.y + (y - view.y) * share, scale);
  }

  resize() {
    const unit = window.devicePixelRatio || 1;
    const [width, height] = ["clientWidth", "clientHeight"].map((side) =>
      Math.round(this.marks[side] * unit),
    );
    if (!width || (width === this.marks.width && height === this.marks.height)) return;
    const before = this.marks.width;
    this.unit = unit;
    for (const canvas of [this.land, this.dots, this.marks]) {
      canvas.width = width;
      canvas.height = height;
    }
    this.image = null;
    if (!this.points) return;
    const { isFit, view } = this;
    this.measure();
    if (isFit) this.fit();
    if (!isFit) this.look(view.x, view.y, (view.scale * width) / before);
  }

  // Everything anew in the next frame, once however often that is asked for.
  draw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.drawNow();
    });
  }

  drawNow() {
    if (!this.points || !this.shade || !this.marks.width) return;
    const { width, height } = this.dots;
    if (!this.image) {
      this.image = new ImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill(0);
    const shown = drawDots(
      this.pixels, width, height, this.points, this.shade, this.palette, this.view, this.stamp,
    );
    this.dots.getContext("2d").putImageData(this.image, 0, 0);
    this.dots.dataset.shown = shown;
    this.dots.dataset.view = [this.view.x, this.view.y, this.view.scale].join();
    this.dots.dataset.drawn = Number(this.dots.dataset.drawn) + 1;
    this.drawOn(this.land, this.on.behind);
    this.drawMarks();
  }

  // Dots grow as one looks closer, up to those of a small map.
  get stamp() {
    const seen = this.count / Math.max(1, this.view.scale / this.whole) ** 2;
    const [, radius] = SIZES.find(([most]) => seen <= most) ?? [0, 0.5];
    const size = radius * this.unit;
    if (this.stamped?.size !== size) this.stamped = { size, ...stampOf(Math.max(0.5, size)) };
    return this.stamped;
  }

  drawMarks() {
    this.drawOn(this.marks, (context, at) => {
      this.on.over(context, at);
      if (this.outline) this.drawOutline(context, at);
      if (this.isByKeys) this.drawCursor(context, at);
    });
  }

  drawOn(canvas, work) {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    work(context, (x, y) => this.at(x, y));
  }

  drawOutline(context, at) {
    context.beginPath();
    for (const [x, y] of this.outline) context.lineTo(...at(x, y));
    context.closePath();
    context.lineWidth = 1.5 * this.unit;
    context.strokeStyle = getComputedStyle(this.marks).accentColor;
    context.stroke();
    context.globalAlpha = 0.12;
    context.fillStyle = context.strokeStyle;
    context.fill();
    context.globalAlpha = 1;
  }

  drawCursor(context, at) {
    const [x, y] = at(...this.cursor);
    const size = 8 * this.unit;
    context.strokeStyle = getComputedStyle(this.marks).color;
    context.lineWidth = this.unit;
    context.beginPath();
    context.moveTo(x - size, y);
    context.lineTo(x + size, y);
    context.moveTo(x, y - size);
    context.lineTo(x, y + size);
    context.stroke();
  }

  // Where a place of the map lies on the canvas, in its pixels.
  at(x, y) {
    const { view, marks } = this;
    return [
      marks.width / 2 + (x - view.x) * view.scale,
      marks.height / 2 - (y - view.y) * view.scale,
    ];
  }

  placeAt(across, down) {
    const { view, marks } = this;
    return [
      view.x + (across - marks.width / 2) / view.scale,
      view.y - (down - marks.height / 2) / view.scale,
    ];
  }

  pixelUnder(event) {
    const box = this.marks.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.marks.width,
      ((event.clientY - box.top) / box.height) * this.marks.height,
    ];
  }

  // The point that is meant at a place, -1 where there is none.
  rowAt(x, y) {
    const isShown = (row) => this.palette[this.shade[row]] !== 0;
    return this.cells.nearest(x, y, (REACH * this.unit) / this.view.scale, isShown);
  }

  press(event) {
    if (event.button !== 0 || !this.points) return;
    this.isByKeys = false;
    const pixel = this.pixelUnder(event);
    if (this.pointers.size === 0) {
      this.start = { pixel, view: this.view, wasFit: this.isFit, isClick: true };
      const draws = this.mode !== "move" || event.shiftKey;
      if (draws) this.start.kind = this.mode === "box" ? "box" : "lasso";
      if (draws) this.outline = [this.placeAt(...pixel)];
      if (draws) event.preventDefault(); // no text is selected
    }
    this.pointers.set(event.pointerId, pixel);
    this.marks.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.points) return;
    const pixel = this.pixelUnder(event);
    if (!this.pointers.has(event.pointerId)) {
      if (event.pointerType !== "touch") this.peek(...this.placeAt(...pixel));
      return;
    }
    const before = [...this.pointers.values()];
    this.pointers.set(event.pointerId, pixel);
    const { start } = this;
    const moved = Math.hypot(pixel[0] - start.pixel[0], pixel[1] - start.pixel[1]);
    if (moved > CLICK * this.unit) start.isClick = false;
    if (this.pointers.size === 2) this.pinch(before, [...this.pointers.values()]);
    else if (this.outline) this.extend(pixel);
    else if (!start.isClick) this.drag(pixel);
  }

  extend(pixel) {
    const place = this.placeAt(...pixel);
    if (this.start.kind === "box") {
      const [x, y] = this.placeAt(...this.start.pixel);
      this.outline = [[x, y], [place[0], y], place, [x, place[1]]];
    } else {
      this.outline.push(place);
    }
    this.drawMarks();
  }

  drag(pixel) {
    const { view, pixel: from } = this.start;
    const [across, down] = [pixel[0] - from[0], pixel[1] - from[1]];
    this.look(view.x - across / view.scale, view.y + down / view.scale, view.scale);
  }

  pinch([a, b], [c, d]) {
    this.start.isClick = false;
    this.outline = null;
    const middle = (p, q) => [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2];
    const far = (p, q) => Math.max(1, Math.hypot(p[0] - q[0], p[1] - q[1]));
    const [from, to] = [middle(a, b), middle(c, d)];
    const { view } = this;
    this.look(
      view.x - (to[0] - from[0]) / view.scale,
      view.y + (to[1] - from[1]) / view.scale,
      view.scale,
    );
    this.zoom(far(c, d) / far(a, b), to);
    this.start.view = this.view;
  }

  release(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const pixel = this.pixelUnder(event);
    if (this.pointers.size > 0) {
      // One finger of two is left: the map goes on from where it is.
      Object.assign(this.start, { pixel: [...this.pointers.values()][0], view: this.view });
      return;
    }
    const { outline } = this;
    this.outline = null;
    if (this.start.isClick) this.choose(...this.placeAt(...pixel));
    else if (outline) this.on.choose(this.rowsWithin(outline));
    this.drawMarks();
  }

  // The browser takes the finger to scroll the page: what it has moved goes back.
  drop(event) {
    if (this.pointers.size === 1 && this.start && !this.outline) {
      const { x, y, scale } = this.start.view;
      const { wasFit } = this.start;
      this.look(x, y, scale);
      this.isFit = wasFit;
    }
    this.pointers.delete(event.pointerId);
    this.outline = null;
    this.drawMarks();
  }

  rowsWithin(polygon) {
    const rows = [];
    for (let row = 0; row < this.count; row++) {
      if (this.palette[this.shade[row]] === 0) continue;
      if (isWithin(polygon, this.points[2 * row], this.points[2 * row + 1])) rows.push(row);
    }
    return rows;
  }

  peek(x, y) {
    this.cursor = [x, y];
    this.on.peek(x, y, this.rowAt(x, y));
  }

  choose(x, y) {
    this.cursor = [x, y];
    this.on.take(x, y, this.rowAt(x, y));
  }

  wheel(event) {
    if (!this.points) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * WHEEL), this.pixelUnder(event));
  }

  key(event) {
    if (!this.points) return;
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const others = {
      "+": () => this.zoom(STEP),
      "-": () => this.zoom(1 / STEP),
      0: () => this.fit(),
      Home: () => this.fit(),
      Enter: () => this.choose(...this.cursor),
      Escape: () => this.on.choose([]),
    };
    const step = by[event.key];
    if (!step && !others[event.key]) return;
    event.preventDefault();
    if (step) this.nudge(step, event.shiftKey ? 5 : 1);
    else others[event.key]();
  }

  nudge([right, up], times) {
    const size = (times * NUDGE * this.marks.width) / this.view.scale;
    this.isByKeys = true;
    const [low, high] = [this.placeAt(0, this.marks.height), this.placeAt(this.marks.width, 0)];
    const step = [right * size, up * size];
    const place = this.cursor.map((value, d) => value + step[d]);
    const isOut = place.some((value, d) => value < low[d] || value > high[d]);
    const { x, y, scale } = this.view;
    if (isOut) this.look(x + step[0], y + step[1], scale); // the map goes along
    this.peek(...place);
    this.drawMarks();
  }

  close() {
    cancelAnimationFrame(this.waiting);
    this.sizes.disconnect();
  }
}
