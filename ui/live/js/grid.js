// Traversals: a row a dimension, a column a value, drawn as one crisp picture.

import { columnOf } from "./data.js";
import { element, mount } from "./dom.js";
import { downloadPng } from "./download.js";
import { enlarge, paint, savingScale } from "./picture.js";

const MARGIN = 56;
const MAX_CELL = 88;

const grids = new WeakMap();

export default function (component) {
  return mount(grids, component, (parent) => new Grid(parent));
}

class Grid {
  constructor(parent) {
    this.root = parent.querySelector(".grid");
    this.canvas = this.root.querySelector("canvas");
    this.rows = this.root.querySelector(".rows");
    this.columns = this.root.querySelector(".columns");
    this.marks = this.root.querySelector(".marks");
    this.root.querySelector("button").addEventListener("click", () => this.save());
  }

  update(data) {
    this.data = data;
    this.draw(columnOf(data.pixels));
    const { names, values } = data;
    this.rows.replaceChildren(...names.map((name) => element("span", "", name)));
    this.columns.replaceChildren(...values.map((value) => element("span", "", value)));
    this.marks.replaceChildren(...data.current.map((place, row) => this.mark(row, place)));
    this.canvas.setAttribute(
      "aria-label",
      `Traversals: ${names.length} rows, from ${names[0]} to ${names.at(-1)}, each with its ` +
        `dimension going from ${values[0]} to ${values.at(-1)}`,
    );
    this.root.style.setProperty("--width", `${values.length * MAX_CELL}px`);
  }

  // Drawn larger than it is shown: the browser then shrinks it, and pixels stay crisp at any width.
  draw(pixels) {
    const { height, width, channels, names, values } = this.data;
    const size = height * width * channels;
    const gap = Math.max(1, Math.round(width / 24));
    const sheet = document.createElement("canvas");
    sheet.height = names.length * (height + gap) - gap;
    sheet.width = values.length * (width + gap) - gap;
    for (let k = 0; k * size < pixels.length; k++) {
      const top = Math.floor(k / values.length) * (height + gap);
      const left = (k % values.length) * (width + gap);
      paint(sheet, pixels.subarray(k * size, (k + 1) * size), this.data, left, top);
    }
    this.sheet = sheet;
    const large = enlarge(sheet, Math.ceil((2 * MAX_CELL) / width));
    this.canvas.width = large.width;
    this.canvas.height = large.height;
    this.canvas.getContext("2d").drawImage(large, 0, 0);
  }

  // Where the visitor's z lies on a row, 0 at the first column's middle, 1 at the last one's.
  mark(row, place) {
    const mark = element("span");
    const { names, values } = this.data;
    mark.hidden = place < 0 || place > 1;
    mark.style.left = `${((place * (values.length - 1) + 0.5) / values.length) * 100}%`;
    mark.style.top = `${(row / names.length) * 100}%`;
    mark.style.height = `${100 / names.length}%`;
    return mark;
  }

  // The saved picture carries its labels, since it leaves the page.
  save() {
    const { names, values, file } = this.data;
    const sheet = enlarge(this.sheet, savingScale(this.sheet));
    const picture = document.createElement("canvas");
    picture.width = sheet.width + MARGIN;
    picture.height = sheet.height + MARGIN / 2;
    const context = picture.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, picture.width, picture.height);
    context.drawImage(sheet, MARGIN, MARGIN / 2);
    context.fillStyle = "black";
    context.font = "14px sans-serif";
    context.textBaseline = "middle";
    context.textAlign = "right";
    const tall = sheet.height / names.length;
    names.forEach((name, k) => context.fillText(name, MARGIN - 8, MARGIN / 2 + (k + 0.5) * tall));
    context.textAlign = "center";
    const wide = sheet.width / values.length;
    values.forEach((value, k) => context.fillText(value, MARGIN + (k + 0.5) * wide, MARGIN / 4));
    downloadPng(picture, file);
  }
}
