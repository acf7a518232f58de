// Pictures of the visitor's own: drawn, uploaded, photographed, pasted, or chosen among held-out
// ones. Drawings stay on the page; files are read by the server, which trusts none of them.

import { Camera } from "./camera.js";
import { Comparison } from "./comparison.js";
import { Drawing } from "./drawing.js";
import { Newest } from "./engines.js";
import { Gallery } from "./gallery.js";
import { pixelsOf } from "./picture.js";

// A file below this goes to the server as it is; a larger one is made smaller on the page first,
// for hosts limit what a page may send.
const MAX_SENT = 2 * 2 ** 20;
const MAX_OPENED = 64 * 2 ** 20;
const SENT_SIDE = 640;
const MAX_ARCHIVE = 12 * 2 ** 20;
const ARCHIVE = /\.(zip|npz)$/i;
const MAX_FILES = 12;

export class Input {
  // on.encode(pixels) gives { mean, logVar }; on.decode(codes, count) pictures; on.send(question),
  // on.release() and on.fetch(question) reach Python; on.point(posterior, { what, pixels, isDrawn })
  // moves the visitor's point; on.pictures(pictures, isNew) hears what files hold, new ones or one
  // of them prepared anew; on.example(row) shows a held-out image.
  constructor(root, on, { takesSeveral = false } = {}) {
    this.root = root;
    this.on = on;
    this.takesSeveral = takesSeveral;
    this.notes = root.querySelector(".notes");
    this.adjust = root.querySelector(".adjust");
    this.comparison = new Comparison(root.querySelector(".comparison"));
    this.newest = new Newest((wanted) => this.encode(wanted));
    const panel = (name) => root.querySelector(`.panel[data-panel=${name}]`);
    this.drawing = new Drawing(panel("draw"), (pixels) => {
      this.want({ pixels, what: "your drawing", isDrawn: true });
    });
    this.camera = new Camera(panel("camera"), (blob) => this.read([blob]), (text) => this.say(text));
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
      control.addEventListener("change", () => this.prepareAnew(this.picture.turns));
    }
    this.adjust.querySelector("button.turn").addEventListener("click", () => {
      this.prepareAnew((this.picture.turns + 1) % 4);
    });
  }

  listenForFiles(panel) {
    this.file = panel.querySelector("input[type=file]");
    if (this.takesSeveral) {
      this.file.multiple = true;
      this.file.accept += ",.zip,.npz";
      panel.querySelector("span").textContent =
        "Choose pictures or a zip of them, drop them here, or paste one.";
    }
    this.file.addEventListener("change", () => {
      this.readAny(this.file.files);
      this.file.value = ""; // the same file may be chosen again
    });
    this.root.addEventListener("dragover", (event) => event.preventDefault());
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      this.readAny(event.dataTransfer.files);
    });
    this.listening = new AbortController();
    const options = { signal: this.listening.signal };
    document.addEventListener("paste", (event) => this.readAny(event.clipboardData.files), options);
  }

  readAny(files) {
    if (files.length === 0) return;
    this.show("upload");
    this.read(this.takesSeveral ? [...files].slice(0, MAX_FILES) : [files[0]]);
  }

  // data: { paper, errors, examples, gallery, originals } of a model.
  take(model, data) {
    this.model = model;
    this.forget();
    this.release();
    this.adopt(null);
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
    this.showAdjusting();
    if (name === "camera") this.camera.open();
    else this.camera.close();
    if (name === "gallery") this.gallery.open();
    else this.gallery.close();
  }

  say(text) {
    this.notes.textContent = text;
  }

  // Send files to the server, which answers with what the encoder would see of them.
  async read(blobs) {
    this.say(blobs.length > 1 ? "Reading the pictures" : "Reading the picture");
    const { model } = this;
    const files = [];
    for (const blob of blobs) {
      try {
        files.push(await asBase64(await sendable(blob)));
      } catch {
        const size = (blob.size / 2 ** 20).toFixed(1);
        const wanted = this.takesSeveral ? "pictures or a zip up to 12 MiB" : "a PNG, JPEG or WebP picture";
        this.say(`This file (${size} MiB) could not be opened; give ${wanted}.`);
        return;
      }
    }
    if (model !== this.model || this.isClosed) return;
    this.ask({ files, ...this.preparation(0) });
  }

  prepareAnew(turns) {
    const { of, pick } = this.picture;
    this.ask({ of, pick, ...this.preparation(turns) });
  }

  preparation(turns) {
    const { adjust } = this;
    return {
      turns,
      whole: adjust.querySelector("select.fit").value === "whole",
      contrast: adjust.querySelector("input.contrast").checked,
      invert: adjust.querySelector("input.invert").checked,
    };
  }

  ask(question) {
    this.sequence = this.number();
    this.asked = question;
    this.on.send({ sequence: this.sequence, model: this.model.id, ...question });
  }

  // Take up a picture of a file: its preparation can be changed. None where it is null.
  adopt(picture) {
    this.picture = picture;
    if (picture) {
      const { adjust } = this;
      adjust.querySelector("select.fit").value = picture.whole ? "whole" : "crop";
      adjust.querySelector("input.contrast").checked = picture.contrast;
      adjust.querySelector("input.invert").checked = picture.invert;
    }
    this.showAdjusting();
  }

  showAdjusting() {
    this.adjust.hidden = !this.picture || !["upload", "camera"].includes(this.shown);
  }

  // A number that Python has not seen, from this page or an earlier one.
  number() {
    this.last = Math.max(Date.now(), (this.last ?? 0) + 1);
    return this.last;
  }

  // Python's answer: { sequence, count, notes, error } and the pictures as the encoder sees them.
  receive({ sequence, count, notes, error }, pixels) {
    if (sequence !== this.sequence) return;
    const { files, ...asked } = this.asked;
    this.release();
    this.say(error || notes);
    if (!pixels) return;
    const pictures = Array.from({ length: count }, (_, k) => ({
      of: sequence,
      pick: k,
      ...asked,
      pixels: pixelsOf({ ...this.model, pixels }, k).slice(),
    }));
    this.adopt(pictures[0]);
    this.on.pictures(pictures, Boolean(files));
  }

  // A file need not travel again with every message that follows.
  release() {
    if (this.sequence) this.on.release();
    this.sequence = null;
  }

  // The visitor went elsewhere: what is still being made of an earlier picture comes too late.
  forget() {
    this.round = (this.round ?? 0) + 1;
  }

  // Encode a picture, { pixels, what, isDrawn }; of a drawing's many, those that a newer one
  // overtakes are left out.
  want(picture) {
    this.newest.want({ picture, round: this.round });
  }

  async encode({ picture, round }) {
    const { pixels } = picture;
    const posterior = await this.on.encode(pixels);
    if (round !== this.round || this.isClosed) return;
    if (!posterior) {
      this.say("The picture could not be encoded. Try it again.");
      return;
    }
    this.on.point(posterior, picture);
    await this.compare(pixels, posterior.mean);
  }

  // Show a picture beside what a code decodes to.
  async compare(pixels, z) {
    const { round } = this;
    const pictures = await this.on.decode(z, 1);
    if (pictures && round === this.round) this.comparison.show(pixels, pictures.pixels);
  }

  // A held-out image was chosen: compare it with its original, where that is here.
  compareExample(row, mean) {
    const original = this.gallery.original(row);
    this.comparison.hide();
    if (original) this.compare(original, mean);
  }

  close() {
    this.isClosed = true;
    this.listening.abort();
    this.camera.close();
    this.gallery.close();
  }
}

// What goes to the server: a zip as it is, a large picture made smaller.
async function sendable(blob) {
  if (!ARCHIVE.test(blob.name ?? "")) return blob.size > MAX_SENT ? smaller(blob) : blob;
  if (blob.size > MAX_ARCHIVE) throw new Error("too large");
  return blob;
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
