// From one picture to another: corners, the ways between them, and what is known about each.

import { keepInAddress, readAddress } from "./address.js";
import { Arithmetic } from "./arithmetic.js";
import { Blend } from "./blend.js";
import { closed, codeAlong, flat, formatCodes, parseCodes } from "./codes.js";
import { Corners, MAX_CORNERS, cornerAt, nameOf } from "./corners.js";
import { columnOf, examplesOf, originalsOf, waysOf } from "./data.js";
import { Decoding } from "./decoding.js";
import { mount } from "./dom.js";
import { pixelsOf } from "./picture.js";
import { Player } from "./player.js";
import { Questions } from "./questions.js";
import { Refining } from "./refining.js";
import { Sources } from "./sources.js";
import { Takeaway } from "./takeaway.js";
import { View } from "./view.js";
import { CROSS_FADE, WayList } from "./waylist.js";

const ADDRESS_DIGITS = 4;
const ASK_AFTER_MS = 250;
const PATHS = ["linear", "spherical", "geodesic", CROSS_FADE];
const STEPS = 10; // pictures from one corner to the other
const ROUND = 12; // pictures of a way round several

const MAX_STEPS = 40;
const BLEND = "Blend: ";

const morphs = new WeakMap();
// What the visitor's corners were, by model: pages come and go, and pictures do not travel.
const memory = new Map();

export default function (component) {
  return mount(morphs, component, (parent) => new Morph(parent));
}

class Morph {
  constructor(parent) {
    this.root = parent.querySelector(".live");
    const find = (selector) => this.root.querySelector(selector);
    const decode = (codes, count) => this.decoding.decodeMany(codes, count);
    this.questions = new Questions(this.root, (name, value) => this.setStateValue(name, value));
    const ask = (name) => (question) => this.questions.ask(name, question);
    const release = (name) => () => this.questions.release(name);
    this.evidence = find(".evidence");
    this.path = PATHS[0];
    this.view = new View(this.root);
    this.decoding = new Decoding({
      ask: ask("ask"),
      engine: (engine) => this.view.use(engine),
      picture: (picture, engine, took) => {
        this.view.time(engine, took);
        if (!this.isFaded) this.view.paint(picture); // else it comes too late
      },
      note: (note) => this.view.note(note),
    });
    this.corners = new Corners(find(".corners"), {
      choose: (k) => this.choose(k),
      change: () => this.change(),
      refine: (corner) => this.refining.start(corner),
      another: () => this.sources.another(),
      decode,
    });
    this.sources = new Sources(this.root, {
      corners: this.corners,
      decoding: this.decoding,
      here: () => this.z,
      put: (made) => this.put(made),
      send: ask("picture"),
      release: release("picture"),
      fetch: ask("originals"),
    });
    this.player = new Player(find(".player"), (t) => this.show(t));
    this.blend = new Blend(find(".blend"), {
      peek: (z, what) => this.showBeside(z, `${BLEND}${what}`, false),
      leave: () => this.display(this.path, this.player.t),
      take: (z, what) => this.showBeside(z, `${BLEND}${what}`),
      decode,
    });
    this.ways = new WayList(find(".waylist"), {
      choose: (name, t) => this.takePlace(name, t),
      peek: (name, t) => this.player.isPlaying || this.display(name, t),
      leave: () => this.display(this.path, this.player.t),
      decode,
    });
    this.arithmetic = new Arithmetic(find(".arithmetic"), {
      corners: () => this.corners.codes,
      current: () => this.corners.current.z,
      show: (z, what) => this.showBeside(z, what),
      ask: ask("concept"),
      decode,
    });
    this.refining = new Refining({
      ask: ask("refine"),
      say: (corner, text) => this.corners.say(corner, text),
      done: (corner, z, before) => {
        const k = this.corners.improve(corner, z, before);
        if (k === this.corners.chosen) this.sources.compare();
      },
    });
    this.takeaway = new Takeaway(find(".share"), {
      ask: ask("file"),
      release: release("file"),
      of: () => ({
        model: this.data.model,
        snippet: this.data.snippet,
        corners: this.corners.codes,
        ways: this.ways.found,
        path: this.path,
        steps: this.steps,
        framesPerSecond: (nodes) => this.player.framesPerSecond(nodes),
        keep: () => this.keep(),
      }),
    });
    this.stepsBox = find("input.steps");
    this.near = find("input.near");
    this.stepsBox.addEventListener("change", () => this.setSteps(this.stepsBox.value));
    this.near.addEventListener("change", () => this.askForWays(0));
    this.keepButton = find("button.keep");
    this.keepButton.addEventListener("click", () => this.put(cornerAt(...this.beside)));
    find("button.anew").addEventListener("click", () => this.begin(this.data.usual));
    const { connection } = this.decoding;
    const wish = find("select.engine");
    wish.value = connection.wish;
    wish.addEventListener("change", () => connection.prefer(wish.value, this.z));
  }

  // Called at the start and whenever Python or the theme says something new.
  update(data, setStateValue) {
    const before = this.data;
    this.data = data;
    this.setStateValue = setStateValue;
    if (!before || data.model.id !== before.model.id) this.open(!before);
    if (!before) return;
    if (data.engines.token !== before.engines.token) this.decoding.renew(data.engines);
    if (data.originals.count !== before.originals.count) {
      this.sources.input.gallery.receive(originalsOf(data));
    }
    const isNew = (name) => data[name] && data[name].sequence !== before[name]?.sequence;
    if (isNew("picture")) this.sources.input.receive(data.picture, columnOf(data.picturePixels));
    if (isNew("ways")) this.receiveWays();
    if (isNew("refined")) this.refining.receive(data.refined);
    if (isNew("concept")) this.arithmetic.receive(data.concept);
    if (isNew("file")) this.takeaway.receive(data.file, columnOf(data.fileBytes));
    this.decoding.deliver(data);
  }

  open(isFirst) {
    const { model, engines, errors, parameter, wayParameter } = this.data;
    this.player.stop();
    this.examples = examplesOf(this.data);
    const address = isFirst ? readAddress(parameter) : "";
    const linked = parseCodes(address, model.dims, MAX_CORNERS);
    const codes = linked ?? this.data.corners;
    this.view.take(model);
    this.decoding.expect(model);
    this.decoding.take(engines, Float32Array.from(codes[0]));
    this.ways.take(model);
    this.sources.take(model, {
      paper: this.data.paper,
      errors,
      examples: this.examples,
      gallery: this.data.gallery,
      originals: originalsOf(this.data),
    });
    this.corners.expect(model, errors);
    this.arithmetic.take(model, this.data, this.examples, this.data.gallery);
    this.takeaway.take();
    this.refining.take(model);
    if (isFirst) this.recall(readAddress(wayParameter));
    const known = memory.get(model.id);
    if (known && (!linked || this.inAddress(known) === address)) this.beginWith(known);
    else this.begin(codes);
  }

  // Begin with codes as corners.
  begin(codes) {
    const corners = codes.map((code) => {
      const z = Float32Array.from(code);
      return cornerAt(z, this.sources.nameOf(z));
    });
    this.beginWith(corners);
  }

  beginWith(corners) {
    this.player.time.value = 0;
    this.corners.take(corners);
    this.follow(0);
    this.choose(0);
  }

  // "geodesic,10,near": the way, its steps, and whether geodesics stay near the data or are "free".
  recall(text) {
    const [path, steps, near] = text.split(",");
    if (!PATHS.includes(path)) return;
    this.path = path;
    this.near.checked = near !== "free";
    this.stepsBox.value = wholeSteps(steps);
  }

  // What was typed as it is used; nothing where it is no number of steps.
  setSteps(typed) {
    this.stepsBox.value = wholeSteps(typed);
    this.askForWays(0);
  }

  // The address restores all but the pixels of the visitor's pictures.
  keep() {
    const { parameter, wayParameter } = this.data;
    keepInAddress(parameter, this.inAddress(this.corners.all));
    const near = this.near.checked ? "near" : "free";
    keepInAddress(wayParameter, [this.path, this.stepsBox.value || "auto", near].join(","));
  }

  inAddress(corners) {
    const codes = corners.map(({ z }) => z);
    return formatCodes(codes, ADDRESS_DIGITS);
  }

  get steps() {
    if (this.stepsBox.value) return Number(this.stepsBox.value);
    const { length } = this.corners.all;
    return length === 2 ? STEPS : Math.max(3, Math.round(ROUND / length));
  }

  // The visitor has changed the corners.
  change() {
    memory.set(this.data.model.id, this.corners.all);
    this.follow(ASK_AFTER_MS);
    this.keep();
  }

  // The corners are others than before: what hangs on them follows.
  follow(delay) {
    const { codes } = this.corners;
    this.local = flat(closed(codes));
    this.ends = null;
    this.sequence = null;
    this.ways.clear();
    this.blend.show(this.data.model, codes);
    this.arithmetic.showSum();
    this.root.dataset.corners = codes.length;
    this.stepsBox.placeholder = this.steps;
    this.show(this.player.t);
    this.askForWays(delay);
  }

  askForWays(delay) {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => {
      this.sequence = this.last = Math.max(Date.now(), (this.last ?? 0) + 1);
      this.questions.ask("ways", {
        sequence: this.sequence,
        model: this.data.model.id,
        corners: this.corners.codes.map((code) => Array.from(code)),
        steps: this.steps,
        near: this.near.checked,
      });
    }, delay);
  }

  async receiveWays() {
    const { ways } = this.data;
    if (ways.sequence !== this.sequence) return;
    if (ways.error) {
      this.evidence.textContent = ways.error;
      return;
    }
    const found = waysOf(this.data);
    const { codes } = this.corners;
    const pictures = await this.decoding.decodeMany(flat(codes), codes.length);
    if (!pictures || ways.sequence !== this.sequence) return;
    this.ends = closed(codes.map((_, k) => pixelsOf(pictures, k).slice()));
    await this.ways.show(found, this.ends);
    this.show(this.player.t);
  }

  // A place of a way was pressed or hovered; without a place it is chosen as a whole.
  takePlace(name, t) {
    this.path = name;
    if (t === null) return this.show(this.player.t);
    this.player.stop();
    this.player.set(t);
  }

  // The picture at a share t of the chosen way.
  show(t) {
    this.display(this.path, t);
  }

  display(path, t) {
    this.beside = null;
    this.keepButton.hidden = true;
    this.blend.forget();
    this.ways.mark(path, t);
    this.view.say(`${path}, ${this.whereOf(t)}`);
    this.evidence.textContent = this.ways.evidence(path, t);
    this.z = this.ways.codeAt(path, t) ?? codeAlong(this.local, this.data.model.dims, t);
    this.isFaded = path === CROSS_FADE && Boolean(this.ends);
    if (this.isFaded) this.showFaded(t);
    else this.decoding.want(this.z);
  }

  whereOf(t) {
    const leg = Math.min(this.legs - 1, Math.floor(t * this.legs));
    const share = Math.round(100 * (t * this.legs - leg));
    const [from, to] = [leg, (leg + 1) % this.corners.all.length].map(nameOf);
    if (share % 100 === 0) return `at ${share ? to : from}`;
    return `${share} % of the way from ${from} to ${to}`;
  }

  // From how many corners the way leads to another.
  get legs() {
    return this.local.length / this.data.model.dims - 1;
  }

  // No model is asked here: two pictures are mixed.
  showFaded(t) {
    const leg = Math.min(this.legs - 1, Math.floor(t * this.legs));
    const [from, to] = [this.ends[leg], this.ends[leg + 1]];
    const share = t * this.legs - leg;
    const pixels = from.map((value, k) => Math.round(value + share * (to[k] - value)));
    this.view.paint({ ...this.data.model, pixels });
  }

  // A point that is on no way; it stays, and can be kept, unless the pointer only passes.
  showBeside(z, what, stays = true) {
    if (!what.startsWith(BLEND)) this.blend.forget();
    this.player.stop();
    this.beside = stays ? [z, what] : null;
    this.keepButton.hidden = !stays;
    this.keepButton.textContent = `Keep it as ${nameOf(this.corners.chosen)}`;
    this.z = z;
    this.view.say(what);
    this.evidence.textContent = "";
    this.isFaded = false;
    this.decoding.want(z);
  }

  // A corner was chosen: the next picture is for it, and the main picture shows it.
  choose(k) {
    this.sources.choose(k);
    this.arithmetic.rest();
    this.player.stop();
    this.player.set(k / this.legs);
  }

  // The chosen corner gets another code.
  put(made) {
    this.player.stop();
    this.player.time.value = this.corners.chosen / this.legs;
    this.corners.put(this.corners.chosen, made);
  }

  close() {
    clearTimeout(this.asking);
    this.questions.close();
    this.player.stop();
    this.view.close();
    this.sources.close();
    this.decoding.close();
  }
}

function wholeSteps(typed) {
  const steps = Math.round(Number(typed));
  return steps >= 1 ? Math.min(MAX_STEPS, steps) : "";
}
