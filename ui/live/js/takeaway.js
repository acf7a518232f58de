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
  // on.ask(question) reaches Python; on.of() gives { model, snippet, corners, ways, path, steps,
  // framesPerSecond, keep } of what is shown now.
  constructor(root, on) {
    this.on = on;
    this.notes = root.querySelector(".filenotes");
    this.back = root.querySelector("input.thereandback");
    for (const button of root.querySelectorAll("button[data-file]")) {
      button.addEventListener("click", () => this.make(button.dataset.file));
    }
    for (const name of ["link", "code", "csv"]) {
      const button = root.querySelector(`button[data-share=${name}]`);
      button.addEventListener("click", () => this[name](button));
    }
  }

  take() {
    this.sequence = null;
    this.notes.textContent = "";
  }

  link(button) {
    this.on.of().keep();
    copy(button, location.href);
  }

  code(button) {
    const { snippet, corners, ways, path, steps } = this.on.of();
    const codes = corners.map((code) => `[${Array.from(code, String).join(", ")}]`).join(",\n    ");
    const text = snippet
      .replace("{corners}", `\n    ${codes},\n`)
      .replace("{path}", ways?.rows.some(({ name }) => name === path) ? path : "linear")
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
    this.on.ask(null); // the file need not travel with every answer that follows
    this.say(error);
    if (bytes) download(new Blob([bytes], { type: TYPES[kind] }), name);
  }

  say(text) {
    this.notes.textContent = text;
  }
}
