// A pad to draw on with mouse, finger or pen; what the encoder sees of it is its area average.

import { average, boundsOf, centred } from "./pixels.js";

const PAD_SIDE = 280;
const PEN_SHARE = 0.08;
const LIGHT = 128;
const MAX_ZOOM = 1.5;

export class Drawing {
  // onStroke(pixels) hears of every change, with the picture (H, W, C) as the encoder sees it.
  constructor(root, onStroke) {
    this.root = root;
    this.onStroke = onStroke;
    this.pad = root.querySelector("canvas.pad");
    this.context = this.pad.getContext("2d", { willReadFrequently: true });
    this.pen = root.querySelector("input.pen");
    this.ink = root.querySelector("input.ink");
    this.isPlaced = root.querySelector("input.placed");
    root.querySelector("button.clear").addEventListener("click", () => this.clear());
    this.isPlaced.addEventListener("change", () => this.tell());
    this.pad.addEventListener("pointerdown", (event) => this.press(event));
    this.pad.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.pad.addEventListener(name, () => (this.last = null));
    }
  }

  // Take the shape of a model's pictures and what they are drawn on: the paper's colour, [value, ...],
  // how far a value is from it where there is ink, and the share of the side that ink extends over.
  take(model, { colour, ink, extent }) {
    this.model = model;
    this.paper = colour;
    this.inkStep = ink;
    this.extent = extent;
    this.scale = Math.max(1, Math.round(PAD_SIDE / Math.max(model.height, model.width)));
    this.pad.height = model.height * this.scale;
    this.pad.width = model.width * this.scale;
    const isDark = colour.reduce((sum, value) => sum + value, 0) / colour.length < LIGHT;
    this.ink.value = isDark ? "#ffffff" : "#000000";
    this.ink.parentElement.hidden = model.channels === 1;
    this.isPlaced.parentElement.hidden = model.channels > 1;
    this.isPlaced.checked = model.channels === 1;
    this.last = null;
    this.fill();
  }

  fill(context = this.context) {
    const [red, green = red, blue = red] = this.paper;
    context.fillStyle = `rgb(${red} ${green} ${blue})`;
    context.fillRect(0, 0, this.pad.width, this.pad.height);
  }

  clear() {
    this.fill();
    this.tell();
  }

  press(event) {
    if (event.button !== 0) return;
    this.pad.setPointerCapture(event.pointerId);
    this.last = this.place(event);
    this.line(this.last);
    this.tell();
  }

  // A browser gathers several positions of the pen in one event.
  move(event) {
    if (!this.last) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.line(this.place(each));
    this.tell();
  }

  line([x, y]) {
    const { context } = this;
    context.strokeStyle = this.ink.value;
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = Number(this.pen.value) * PEN_SHARE * this.pad.width;
    context.beginPath();
    context.moveTo(...this.last);
    context.lineTo(x, y);
    context.stroke();
    this.last = [x, y];
  }

  place(event) {
    const box = this.pad.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.pad.width,
      ((event.clientY - box.top) / box.height) * this.pad.height,
    ];
  }

  tell() {
    const ink = this.isPlaced.checked ? this.inkOf() : null;
    this.onStroke(ink ? this.placed(ink) : this.average(this.context));
  }

  average(context) {
    const { data } = context.getImageData(0, 0, this.pad.width, this.pad.height);
    return average(data, this.model, this.scale);
  }

  // Where something was drawn, [left, top, width, height]; null where nothing was.
  inkOf() {
    const { data } = this.context.getImageData(0, 0, this.pad.width, this.pad.height);
    return boundsOf(data, this.pad, this.paper[0], this.inkStep);
  }

  // What was drawn, at the size and place that ink has in the model's own pictures.
  placed([left, top, wide, tall]) {
    const { pad, model, paper } = this;
    const wanted = this.extent * Math.min(pad.width, pad.height);
    const scale = Math.min(MAX_ZOOM, wanted / Math.max(wide, tall));
    this.scratch ??= document.createElement("canvas");
    [this.scratch.width, this.scratch.height] = [pad.width, pad.height];
    const context = this.scratch.getContext("2d", { willReadFrequently: true });
    this.fill(context);
    const [width, height] = [wide * scale, tall * scale];
    const place = [(pad.width - width) / 2, (pad.height - height) / 2, width, height];
    context.drawImage(pad, left, top, wide, tall, ...place);
    return centred(this.average(context), model, paper[0]);
  }
}
