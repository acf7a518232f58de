// Pictures of the visitor's own: drawn, uploaded, photographed, pasted, or chosen among held-out
// ones. Drawings stay on the page; files are read by the server, which trusts none of them.

import { Camera } from "./camera.js";
import { Comparison } from "./comparison.js";
import { Drawing } from "./drawing.js";
import { Newest } from "./engines.js";
import { Gallery } from "./gallery.js";

// A file below this goes to the server as it is; a larger one is made smaller on the page first,
// for hosts limit what a page may send.
const MAX_SENT = 2 * 2 ** 20;
const MAX_OPENED = 64 * 2 ** 20;
const SENT_SIDE = 640;

export class Input {
  // on.encode(pixels) gives { mean, logVar }; on.decode(codes, count) pictures; on.send(question)
  // and on.fetch(question) reach Python; on.point(posterior, what, isDrawn) moves the visitor's
  // point; on.example(row) shows a held-out image.
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
      ask: (what) => on.fetch({ what, model: this.model.id, count: this.number() }),
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

  // data: { paper, errors, examples, gallery, originals } of a model.
  take(model, data) {
    this.model = model;
    this.forget();
    this.release();
    this.turns = 0;
    this.adjust.hidden = true;
    this.say("");
    this.comparison.take(model, data.errors);
    this.drawing.take(model, data.paper);
    this.gallery.take(model, data.examples, data.gallery, data.originals);
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
    this.say("Reading the picture");
    const { model } = this;
    try {
      const sent = blob.size > MAX_SENT ? await smaller(blob) : blob;
      const file = await asBase64(sent);
      if (model !== this.model || this.isClosed) return;
      this.turns = 0;
      this.ask({ file });
    } catch {
      const size = (blob.size / 2 ** 20).toFixed(1);
      this.say(`This file (${size} MiB) could not be opened; give a PNG, JPEG or WebP picture.`);
    }
  }

  ask(question) {
    const { adjust } = this;
    this.sequence = this.number();
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

  // A number that Python has not seen, from this page or an earlier one.
  number() {
    this.last = Math.max(Date.now(), (this.last ?? 0) + 1);
    return this.last;
  }

  // Python's answer: { sequence, notes, error } and the picture as the encoder sees it.
  receive({ sequence, notes, error }, pixels) {
    if (sequence !== this.sequence) return;
    this.release();
    this.say(error || notes);
    if (!pixels) return;
    this.hasFile = true;
    this.adjust.hidden = false;
    this.want(pixels, "your picture", false);
  }

  // A file need not travel again with every message that follows.
  release() {
    if (this.sequence) this.on.send(null);
    this.sequence = null;
  }

  // The visitor went elsewhere: what is still being made of an earlier picture comes too late.
  forget() {
    this.round = (this.round ?? 0) + 1;
  }

  // Encode a picture; of a drawing's many, those that a newer one overtakes are left out.
  want(pixels, what, isDrawn) {
    this.newest.want({ pixels, what, isDrawn, round: this.round });
  }

  async encode({ pixels, what, isDrawn, round }) {
    const posterior = await this.on.encode(pixels);
    if (round !== this.round || this.isClosed) return;
    if (!posterior) {
      this.say("The picture could not be encoded. Try it again.");
      return;
    }
    this.on.point(posterior, what, isDrawn);
    const pictures = await this.on.decode(posterior.mean, 1);
    if (pictures && round === this.round) this.comparison.show(pixels, pictures.pixels);
  }

  // A held-out image was chosen: compare it with its original, where that is here.
  async compareExample(row, mean) {
    const original = this.gallery.original(row);
    const { round } = this;
    this.comparison.hide();
    if (!original) return;
    const pictures = await this.on.decode(mean, 1);
    if (pictures && round === this.round) this.comparison.show(original, pictures.pixels);
  }

  close() {
    this.isClosed = true;
    this.listening.abort();
    this.camera.close();
    this.gallery.close();
  }
}

// A picture of at most SENT_SIDE pixels a side, made by the browser.
async function smaller(blob) {
  if (blob.size > MAX_OPENED) throw new Error("too large");
  const image = await createImageBitmap(blob);
  const scale = Math.min(1, SENT_SIDE / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((png) => (png ? resolve(png) : reject(new Error("no picture"))), "image/png");
  });
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
