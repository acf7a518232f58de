// Pictures of the visitor's own: drawn, uploaded, photographed, pasted, or chosen among held-out
// ones. Drawings stay on the page; files are read by the server, which trusts none of them.

import { Camera } from "./camera.js";
import { Comparison } from "./comparison.js";
import { Drawing } from "./drawing.js";
import { Newest } from "./engines.js";
import { Gallery } from "./gallery.js";

const MAX_FILE = 16 * 2 ** 20;

export class Input {
  // on.encode(pixels) gives { mean, logVar }; on.decode(codes, count) pictures; on.send(question)
  // reaches Python; on.point(posterior, what, isDrawn) moves the visitor's point.
  constructor(root, on) {
    this.root = root;
    this.on = on;
    this.notes = root.querySelector(".notes");
    this.adjust = root.querySelector(".adjust");
    this.comparison = new Comparison(root.querySelector(".comparison"));
    this.newest = new Newest((wanted) => this.encode(wanted));
    const panel = (name) => root.querySelector(`.panel[data-panel=${name}]`);
    this.drawing = new Drawing(panel("draw"), (pixels) => this.want(pixels, "your drawing", true));
    this.camera = new Camera(panel("camera"), (blob) => this.read(blob), (text) => this.say(text));
    this.gallery = new Gallery(panel("gallery"), {
      take: (row) => this.on.example(row),
      decode: on.decode,
      ask: (what) => this.ask({ originals: what }),
    });
    for (const button of root.querySelectorAll("button[data-open]")) {
      button.addEventListener("click", () => this.toggle(button.dataset.open));
    }
    this.listenForFiles(panel("upload"));
    for (const control of this.adjust.querySelectorAll("input, select")) {
      control.addEventListener("change", () => this.ask({}));
    }
    this.adjust.querySelector("button.turn").addEventListener("click", () => {
      this.turns = (this.turns + 1) % 4;
      this.ask({});
    });
  }

  listenForFiles(panel) {
    this.file = panel.querySelector("input[type=file]");
    this.file.addEventListener("change", () => {
      if (this.file.files.length) this.read(this.file.files[0]);
      this.file.value = ""; // the same file may be chosen again
    });
    this.root.addEventListener("dragover", (event) => event.preventDefault());
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      this.readFirst(event.dataTransfer.files);
    });
    this.listening = new AbortController();
    const options = { signal: this.listening.signal };
    document.addEventListener("paste", (event) => this.readFirst(event.clipboardData.files), options);
  }

  readFirst(files) {
    if (files.length === 0) return;
    this.show("upload");
    this.read(files[0]);
  }

  // data: { paper, extent, errors, examples, labels, originals } of a model.
  take(model, data) {
    this.model = model;
    this.turns = 0;
    this.adjust.hidden = true;
    this.say("");
    this.comparison.take(model, data.errors);
    this.drawing.take(model, data.paper, data.extent);
    this.gallery.take(model, data.examples, data.labels, data.originals);
  }

  toggle(name) {
    this.show(this.shown === name ? null : name);
  }

  show(name) {
    if (this.shown === name) return;
    this.shown = name;
    this.say("");
    for (const panel of this.root.querySelectorAll(".panel")) {
      panel.hidden = panel.dataset.panel !== name;
      if (!panel.hidden) panel.scrollIntoView({ block: "nearest" });
    }
    for (const button of this.root.querySelectorAll("button[data-open]")) {
      button.setAttribute("aria-expanded", button.dataset.open === name);
    }
    this.adjust.hidden = !this.hasFile || !["upload", "camera"].includes(name);
    if (name === "camera") this.camera.open();
    else this.camera.close();
    if (name === "gallery") this.gallery.open();
    else this.gallery.close();
  }

  say(text) {
    this.notes.textContent = text;
  }

  // Send a file to the server, which answers with what the encoder would see of it.
  async read(blob) {
    if (blob.size > MAX_FILE) {
      const size = (blob.size / 2 ** 20).toFixed(1);
      this.say(`This file has ${size} MiB; give a picture of at most ${MAX_FILE / 2 ** 20} MiB.`);
      return;
    }
    this.say("Reading the picture");
    this.turns = 0;
    this.ask({ file: await asBase64(blob) });
  }

  ask(question) {
    const { adjust } = this;
    this.sequence = Math.max(Date.now(), (this.sequence ?? 0) + 1);
    this.on.send({
      sequence: this.sequence,
      model: this.model.id,
      turns: this.turns,
      whole: adjust.querySelector("select.fit").value === "whole",
      contrast: adjust.querySelector("input.contrast").checked,
      invert: adjust.querySelector("input.invert").checked,
      ...question,
    });
  }

  // Python's answer: { sequence, notes, error } and the picture as the encoder sees it.
  receive({ sequence, notes, error }, pixels) {
    if (sequence !== this.sequence) return;
    this.on.send(null); // a file need not travel again with every message that follows
    this.say(error || notes);
    if (!pixels) return;
    this.hasFile = true;
    this.adjust.hidden = false;
    this.want(pixels, "your picture", false);
  }

  // Encode a picture; of a drawing's many, those that a newer one overtakes are left out.
  want(pixels, what, isDrawn) {
    this.newest.want({ pixels, what, isDrawn, model: this.model });
  }

  async encode({ pixels, what, isDrawn, model }) {
    const posterior = await this.on.encode(pixels);
    if (!posterior || model !== this.model) return;
    this.on.point(posterior, what, isDrawn);
    const pictures = await this.on.decode(posterior.mean, 1);
    if (pictures && model === this.model) this.comparison.show(pixels, pictures.pixels);
  }

  // A held-out image was chosen: compare it with its original, where that is here.
  async compareExample(row, mean) {
    const original = this.gallery.original(row);
    const { model } = this;
    this.comparison.hide();
    if (!original) return;
    const pictures = await this.on.decode(mean, 1);
    if (pictures && model === this.model) this.comparison.show(original, pictures.pixels);
  }

  close() {
    this.listening.abort();
    this.camera.close();
    this.gallery.close();
  }
}

async function asBase64(blob) {
  const address = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
  return address.slice(address.indexOf(",") + 1);
}
