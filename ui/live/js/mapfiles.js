// Taking a map along: a link, Python that makes it, a picture, a drawing, tables.

import { download, downloadPng, downloadText } from "./download.js";
import { copy } from "./share.js";

const TYPES = {
  csv: "text/csv",
  parquet: "application/octet-stream",
  npz: "application/octet-stream",
};
const MOST_DRAWN = 50000;

export class MapFiles {
  // on.ask(kind) reaches Python and returns the question's number, on.release() lets the answer go;
  // on.of() gives { model, snippet, atlas } of what is shown now.
  constructor(root, on) {
    this.on = on;
    this.notes = root.querySelector(".filenotes");
    this.buttons = root.querySelectorAll("button[data-file]");
    for (const button of this.buttons) {
      button.addEventListener("click", () => this.make(button.dataset.file));
    }
    for (const name of ["link", "code", "png", "svg"]) {
      const button = root.querySelector(`button[data-share=${name}]`);
      button.addEventListener("click", () => this[name](button));
    }
  }

  take() {
    this.sequence = null;
    this.wait(false);
  }

  wait(isMaking) {
    for (const button of this.buttons) button.disabled = isMaking;
    this.notes.textContent = isMaking ? "Making the file" : "";
  }

  link(button) {
    this.on.of().atlas.keep();
    copy(button, location.href);
  }

  code(button) {
    copy(button, this.on.of().snippet);
  }

  // All layers on the page's own background.
  png() {
    const { model, atlas } = this.on.of();
    const { scatter } = atlas;
    const sheet = document.createElement("canvas");
    [sheet.width, sheet.height] = [scatter.marks.width, scatter.marks.height];
    const context = sheet.getContext("2d");
    context.fillStyle = getComputedStyle(scatter.root).backgroundColor;
    context.fillRect(0, 0, sheet.width, sheet.height);
    for (const canvas of [scatter.land, scatter.dots, scatter.marks]) {
      context.drawImage(canvas, 0, 0);
    }
    downloadPng(sheet, `${model.name}-map`);
  }

  svg() {
    const { model, atlas } = this.on.of();
    const drawing = svgOf(atlas.scatter, atlas.colouring);
    downloadText(drawing, `${model.name}-map.svg`, "image/svg+xml");
  }

  make(kind) {
    this.wait(true);
    this.sequence = this.on.ask(kind);
  }

  // Python's answer: { sequence, error, name, kind } and the file's bytes.
  receive({ sequence, error, name, kind }, bytes) {
    if (sequence !== this.sequence) return;
    this.wait(false);
    this.on.release();
    this.notes.textContent = error;
    if (bytes) download(new Blob([bytes], { type: TYPES[kind] }), name);
  }
}

// The points in view as circles; of very many, the first ones, which are a fair draw of all.
export function svgOf(scatter, colouring) {
  const { width, height } = scatter.marks;
  const radius = (Math.max(1, scatter.stamp.size)).toFixed(1);
  const groups = new Map();
  let drawn = 0;
  for (let row = 0; row < scatter.count && drawn < MOST_DRAWN; row++) {
    if (!colouring.isShown(row)) continue;
    const [x, y] = scatter.at(scatter.points[2 * row], scatter.points[2 * row + 1]);
    if (x < 0 || y < 0 || x > width || y > height) continue;
    const colour = colouring.colourOf(row);
    if (!groups.has(colour)) groups.set(colour, []);
    groups.get(colour).push(`<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius}"/>`);
    drawn += 1;
  }
  const parts = [...groups].map(
    ([colour, circles]) => `<g fill="${colour}" fill-opacity="0.85">${circles.join("")}</g>`,
  );
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${parts.join("")}</svg>\n`;
}
