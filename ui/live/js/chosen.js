// The image that was chosen on the map: its pictures, its posterior, its neighbours.

import { element, format } from "./dom.js";
import { nearestRows } from "./near.js";
import { paint, pixelsOf, thumbnail } from "./picture.js";

const NEIGHBOURS = 8;
const SHOWN_DIMS = 12;

export class Chosen {
  // on.decode(codes, count) makes pictures, on.original(row) asks for the image itself,
  // on.take(row) chooses another image, on.close() hears that this is closed.
  constructor(root, on) {
    this.root = root;
    this.on = on;
  }

  // codes of the first points, { dims, order } and a name for each row.
  take(model, codes, order, nameOf) {
    Object.assign(this, { model, codes, order, nameOf });
  }

  hide() {
    this.round = (this.round ?? 0) + 1;
    this.root.hidden = true;
    this.row = -1;
  }

  // row may be -1 for a place, or for a picture of the visitor's own.
  show({ what, row = -1, mean, logVar, pixels = null, note = "" }) {
    this.hide();
    const { round } = this;
    this.row = row;
    const close = element("button", "text closing", "Close");
    close.type = "button";
    close.addEventListener("click", () => this.on.close());
    const title = element("h3", "", what);
    const head = element("div", "headline");
    head.append(title, close);
    this.pictures = element("div", "pair");
    this.words = element("p", "words", note);
    this.root.replaceChildren(head, this.pictures, this.words);
    this.addLink(mean);
    if (logVar) this.root.append(this.posterior(mean, logVar));
    this.root.hidden = false;
    this.drawPictures(round, mean, pixels, row);
    this.drawNeighbours(round, mean, row);
  }

  say(text) {
    if (!this.root.hidden) this.words.textContent = text;
  }

  addLink(mean) {
    const address = new URL(document.baseURI);
    const z = Array.from(mean, (value) => Number(value.toFixed(4))).join();
    address.search = new URLSearchParams({ model: this.model.name, z });
    const link = element("a", "", "Open in Explore");
    link.href = address.href.replaceAll("%2C", ",");
    link.target = "_self";
    this.root.append(link);
  }

  async drawPictures(round, mean, pixels, row) {
    const pictures = await this.on.decode(mean, 1);
    if (!pictures || round !== this.round) return;
    if (pixels) this.addPicture("input", pixels);
    this.addPicture("reconstruction", pixelsOf(pictures, 0));
    if (row >= 0 && !pixels) this.on.original(row);
  }

  // The image itself, where it is on the server's machine.
  receiveOriginal(row, pixels) {
    if (row !== this.row || this.root.hidden || !pixels) return;
    this.addPicture("original", pixels, true);
  }

  addPicture(name, pixels, isFirst = false) {
    const figure = element("figure");
    const { canvas } = thumbnail(this.model, name);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", name);
    canvas.dataset.live = `chosen-${name}`;
    paint(canvas, pixels, this.model);
    figure.append(canvas, element("figcaption", "", name));
    if (isFirst) this.pictures.prepend(figure);
    else this.pictures.append(figure);
  }

  posterior(mean, logVar) {
    const details = element("details", "posterior");
    details.append(element("summary", "", "q(z|x): mean ± standard deviation"));
    const list = element("div", "numbers");
    for (const dim of this.order.slice(0, SHOWN_DIMS)) {
      const text = `${format(mean[dim])} ± ${format(Math.exp(logVar[dim] / 2))}`;
      list.append(element("span", "", `z${dim}`), element("span", "", text));
    }
    details.append(list);
    return details;
  }

  async drawNeighbours(round, mean, row) {
    const { codes, model } = this;
    const near = nearestRows(codes, model.dims, mean, NEIGHBOURS, row);
    const wanted = new Float32Array(near.length * model.dims);
    near.forEach((one, k) => wanted.set(rowOf(codes, model.dims, one.row), k * model.dims));
    const pictures = await this.on.decode(wanted, near.length);
    if (!pictures || round !== this.round) return;
    const strip = element("div", "thumbs");
    near.forEach((one, k) => {
      const { button, canvas } = thumbnail(model, this.nameOf(one.row));
      button.title = this.nameOf(one.row);
      paint(canvas, pixelsOf(pictures, k), model);
      button.addEventListener("click", () => this.on.take(one.row));
      strip.append(button);
    });
    this.root.append(element("p", "words", "Nearest in latent space"), strip);
  }
}

export function rowOf(rows, dims, row) {
  return rows.slice(row * dims, (row + 1) * dims);
}
