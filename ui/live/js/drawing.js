// A pad to draw on with mouse, finger or pen; what the encoder sees of it is its area average.

import { average, centred } from "./pixels.js";

const PAD_SIDE = 280;
const PEN_SHARE = 0.08;
const LIGHT = 128;

export class Drawing {
  // onStroke(pixels) hears of every change, with the picture (H, W, C) as the encoder sees it.
  constructor(root, onStroke) {
    this.root = root;
    this.onStroke = onStroke;
    this.pad = root.querySelector("canvas.pad");
    this.context = this.pad.getContext("2d", { willReadFrequently: true });
    this.pen = root.querySelector("input.pen");
    this.ink = root.querySelector("input.ink");
    this.isCentred = root.querySelector("input.centred");
    root.querySelector("button.clear").addEventListener("click", () => this.clear());
    this.isCentred.addEventListener("change", () => this.tell());
    this.pad.addEventListener("pointerdown", (event) => this.press(event));
    this.pad.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.pad.addEventListener(name, () => (this.last = null));
    }
  }

  // Take the shape of a model's pictures and the colour of their paper, [value, ...].
  take(model, paper) {
    this.model = model;
    this.paper = paper;
    this.scale = Math.max(1, Math.round(PAD_SIDE / Math.max(model.height, model.width)));
    this.pad.height = model.height * this.scale;
    this.pad.width = model.width * this.scale;
    const isDark = paper.reduce((sum, value) => sum + value, 0) / paper.length < LIGHT;
    this.ink.value = isDark ? "#ffffff" : "#000000";
    this.ink.parentElement.hidden = model.channels === 1;
    this.isCentred.parentElement.hidden = model.channels > 1;
    this.isCentred.checked = model.channels === 1;
    this.last = null;
    this.fill();
  }

  fill() {
    this.isEmpty = true;
    const [red, green = red, blue = red] = this.paper;
    this.context.fillStyle = `rgb(${red} ${green} ${blue})`;
    this.context.fillRect(0, 0, this.pad.width, this.pad.height);
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
    this.isEmpty = false;
  }

  place(event) {
    const box = this.pad.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.pad.width,
      ((event.clientY - box.top) / box.height) * this.pad.height,
    ];
  }

  tell() {
    const { width, height } = this.pad;
    const { data } = this.context.getImageData(0, 0, width, height);
    const pixels = average(data, this.model, this.scale);
    this.onStroke(this.isCentred.checked ? centred(pixels, this.model, this.paper[0]) : pixels);
  }
}
