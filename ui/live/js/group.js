// What a lasso holds: how many, which labels, the mean picture, typical and unusual members.

import { element } from "./dom.js";
import { paint, pixelsOf, thumbnail } from "./picture.js";

export class Group {
  // on.ask(rows) has Python look at them, on.decode(codes, count) makes pictures, on.take(row)
  // chooses one, on.clear() forgets the group.
  constructor(root, on) {
    this.root = root;
    this.on = on;
  }

  take(model, codesOf, nameOf) {
    Object.assign(this, { model, codesOf, nameOf });
  }

  hide() {
    this.root.hidden = true;
    this.round = (this.round ?? 0) + 1;
  }

  wait(count) {
    this.hide();
    this.root.hidden = false;
    this.root.replaceChildren(this.head(`${count.toLocaleString("en")} chosen`));
  }

  head(text) {
    const head = element("div", "headline");
    const clear = element("button", "text closing", "Clear");
    clear.type = "button";
    clear.addEventListener("click", () => this.on.clear());
    head.append(element("h3", "", text), clear);
    return head;
  }

  // found: { error, count, labels: [[name, count]], mean, typical, unusual, words }.
  async show(found) {
    const { round } = this;
    if (found.error) {
      this.root.append(element("p", "words", found.error));
      return;
    }
    const { typical, unusual, mean, words, labels } = found;
    const rows = [...typical, ...unusual];
    const codes = new Float32Array((rows.length + 1) * this.model.dims);
    codes.set(mean);
    rows.forEach((row, k) => codes.set(this.codesOf(row), (k + 1) * this.model.dims));
    const pictures = await this.on.decode(codes, rows.length + 1);
    if (!pictures || round !== this.round) return;
    const parts = [this.head(found.title), element("p", "words", words)];
    if (labels.length) parts.push(this.bars(labels, found.count));
    const wall = element("div", "members");
    wall.append(this.figure("mean", [this.picture(pixelsOf(pictures, 0), "Their mean")]));
    const some = (name, first, these) =>
      this.figure(name, these.map((row, k) => this.member(row, pixelsOf(pictures, first + k))));
    wall.append(some("most typical", 1, typical));
    wall.append(some("most unusual", 1 + typical.length, unusual));
    const hint = "On Interpolate, what tells them from the rest can be added to a picture.";
    this.root.replaceChildren(...parts, wall, element("p", "words", hint));
  }

  bars(labels, count) {
    const bars = element("div", "bars");
    for (const [name, share, colour] of labels) {
      const bar = element("span", "bar");
      bar.style.setProperty("--share", share / count);
      bar.style.setProperty("--chip", colour);
      bars.append(element("span", "", name), bar, element("span", "", share.toLocaleString("en")));
    }
    return bars;
  }

  figure(name, nodes) {
    const figure = element("figure");
    const row = element("div", "thumbs");
    row.append(...nodes);
    figure.append(row, element("figcaption", "", name));
    return figure;
  }

  picture(pixels, label) {
    const { canvas } = thumbnail(this.model, label);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
    paint(canvas, pixels, this.model);
    return canvas;
  }

  member(row, pixels) {
    const { button, canvas } = thumbnail(this.model, this.nameOf(row));
    button.title = this.nameOf(row);
    paint(canvas, pixels, this.model);
    button.addEventListener("click", () => this.on.take(row));
    return button;
  }
}
