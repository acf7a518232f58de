// Taking the point along: a link, the picture, the numbers, the Python that draws the same picture.

import { downloadPng, downloadText } from "./download.js";
import { enlarge, savingScale } from "./picture.js";

const SAID_MS = 1600;
const MAX_SCALE = 64;
const saying = new WeakMap();

export class Share {
  // of() gives { model, z, snippet, canvas } of what is shown now.
  constructor(root, of) {
    this.root = root;
    this.of = of;
    this.scale = root.querySelector("input.scale");
    for (const name of ["png", "json", "csv", "link", "code"]) {
      const button = root.querySelector(`button[data-share=${name}]`);
      button.addEventListener("click", () => this[name](button));
    }
    this.scale.max = MAX_SCALE;
    this.scale.addEventListener("change", () => (this.scale.value = this.wantedScale));
  }

  // Another model: its pictures get a size that is good to look at.
  take(canvas) {
    this.scale.value = savingScale(canvas);
  }

  // Screen pixels a pixel, whatever was typed.
  get wantedScale() {
    const scale = Math.round(Number(this.scale.value)) || 1;
    return Math.min(MAX_SCALE, Math.max(1, scale));
  }

  png() {
    const { canvas, model } = this.of();
    downloadPng(enlarge(canvas, this.wantedScale), model.name);
  }

  json() {
    const { model, z } = this.of();
    const point = { model: model.name, checkpoint: model.id, z: Array.from(z) };
    downloadText(JSON.stringify(point, null, 2), `${model.name}-point.json`, "application/json");
  }

  csv() {
    const { model, z } = this.of();
    const names = Array.from(z, (_, dim) => `z${dim}`);
    downloadText(`${names.join()}\n${Array.from(z).join()}\n`, `${model.name}-point.csv`, "text/csv");
  }

  link(button) {
    this.of().keep();
    copy(button, location.href);
  }

  code(button) {
    const { snippet, z } = this.of();
    copy(button, snippet.replace("{z}", Array.from(z, String).join(", ")));
  }
}

export async function copy(button, text) {
  const before = saying.get(button)?.before ?? button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages without TLS have no clipboard; the text is then there to be taken by hand.
    window.prompt(before, text);
    return;
  }
  clearTimeout(saying.get(button)?.timer);
  button.textContent = "Copied";
  const timer = setTimeout(() => {
    button.textContent = before;
    saying.delete(button);
  }, SAID_MS);
  saying.set(button, { before, timer });
}
