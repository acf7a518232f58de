// Taking a way along: a link, Python that makes it, pictures, animations, codes.

import { download, downloadText } from "./download.js";
import { copy } from "./share.js";

const TYPES = {
  png: "image/png",
  gif: "image/gif",
  webp: "image/webp",
  mp4: "video/mp4",
  npz: "application/octet-stream",
};

export class Takeaway {
  // on.ask(question) and on.release() reach Python; on.of() gives { model, snippet, corners, ways, path, steps,
  // framesPerSecond, keep } of what is shown now.
  constructor(root, on) {
    this.on = on;
    this.notes = root.querySelector(".filenotes");
    this.back = root.querySelector("input.thereandback");
    this.buttons = root.querySelectorAll("button[data-file]");
    for (const button of this.buttons) {
      button.addEventListener("click", () => this.make(button.dataset.file));
    }
    for (const name of ["link", "code", "csv"]) {
      const button = root.querySelector(`button[data-share=${name}]`);
      button.addEventListener("click", () => this[name](button));
    }
  }

  take() {
    this.sequence = null;
    this.wait(false);
    this.say("");
  }

  // One file at a time.
  wait(isMaking) {
    for (const button of this.buttons) button.disabled = isMaking;
  }

  link(button) {
    this.on.of().keep();
    copy(button, location.href);
  }

  code(button) {
    const { snippet, corners, ways, path, steps } = this.on.of();
    const codes = corners.map((code) => `[${Array.from(code, String).join(", ")}]`).join(",\n    ");
    if (!ways?.rows.some(({ name }) => name === path)) {
      this.say("Choose a way through latent space first: the cross-fade needs no model.");
      return;
    }
    const text = snippet
      .replace("{corners}", `\n    ${codes},\n`)
      .replace("{path}", path)
      .replace("{steps}", steps);
    copy(button, text);
  }

  csv() {
    const { model, ways, path } = this.on.of();
    const way = ways?.rows.find(({ name }) => name === path);
    if (!way) return this.say("Choose a way through latent space first.");
    const names = Array.from({ length: model.dims }, (_, dim) => `z${dim}`);
    const lines = Array.from(way.nearby, (near, k) =>
      [...way.codes.subarray(k * model.dims, (k + 1) * model.dims), way.logDensity[k], near].join(),
    );
    const text = [[...names, "log_density", "nearby"].join(), ...lines, ""].join("\n");
    downloadText(text, `${model.name}-${path}.csv`, "text/csv");
  }

  make(kind) {
    const { model, ways, path, framesPerSecond } = this.on.of();
    if (!ways) return this.say("The ways are still being worked out.");
    this.sequence = Math.max(Date.now(), (this.sequence ?? 0) + 1);
    this.say("Making the file");
    this.wait(true);
    this.on.ask({
      sequence: this.sequence,
      model: model.id,
      kind,
      path,
      fps: framesPerSecond(ways.nodes),
      back: this.back.checked,
    });
  }

  // Python's answer: { sequence, error, name, kind } and the file's bytes.
  receive({ sequence, error, name, kind }, bytes) {
    if (sequence !== this.sequence) return;
    this.wait(false);
    this.on.release(); // the file need not travel with every answer that follows
    this.say(error);
    if (bytes) download(new Blob([bytes], { type: TYPES[kind] }), name);
  }

  say(text) {
    this.notes.textContent = text;
  }
}
