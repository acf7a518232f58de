// The live picture: it owns z while the page is open; Python hears of z when the pointer rests.

import { dropFromAddress, keepInAddress } from "./address.js";
import { Connection } from "./connection.js";
import { columnOf } from "./data.js";
import { format } from "./dom.js";
import { Newest } from "./engines.js";
import { Film } from "./film.js";
import { History } from "./history.js";
import { Plane } from "./plane.js";
import { copy, saveText } from "./share.js";
import { Sliders } from "./sliders.js";
import { Travel } from "./travel.js";
import { View } from "./view.js";

const REST_MS = 250;
const PRESS_MS = 800;
const OPENING_MS = 2500;
const MOVE_MS = 350;

const explorers = new WeakMap();

export default function (component) {
  const { parentElement } = component;
  let explorer = explorers.get(parentElement);
  if (!explorer) {
    explorer = new Explorer(parentElement);
    explorers.set(parentElement, explorer);
  }
  explorer.update(component.data, component.setStateValue);
  return () => {
    explorers.delete(parentElement);
    explorer.close();
  };
}

class Explorer {
  constructor(parent) {
    this.root = parent.querySelector(".live");
    this.view = new View(this.root);
    this.buttons = {};
    for (const button of this.root.querySelectorAll("button[data-do]")) {
      this.buttons[button.dataset.do] = button;
      button.addEventListener("click", () => this[button.dataset.do]());
    }
    this.sliders = new Sliders(
      this.root.querySelector(".sliders"),
      (dim, value) => this.slide(dim, value),
      () => this.drawFilm(),
    );
    this.film = new Film(
      () => [...this.sliders.rows.values()],
      (codes, count) => this.decodeMany(codes, count),
    );
    this.plane = new Plane(this.root.querySelector(".plane"), {
      peek: (z) => this.peek(z),
      leave: () => this.leave(),
      take: (z) => this.go(z),
      decode: (codes, count) => this.decodeMany(codes, count),
    });
    this.history = new History();
    this.travel = new Travel((z) => this.show(z));
    this.pictures = new Newest((wanted) => this.decode(wanted));
    this.connection = new Connection(
      (question) => this.setStateValue("ask", question),
      (engine) => this.start(engine),
      (note) => this.view.note(note),
    );
    this.wish = this.root.querySelector("select.engine");
    this.wish.value = this.connection.wish;
    this.wish.addEventListener("change", () => this.connection.prefer(this.wish.value, this.z));
    this.isMoving = false;
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.root.addEventListener("pointerleave", (event) => {
      if (this.resting && !event.buttons) this.rest();
    });
    this.listening = new AbortController();
    const options = { capture: true, signal: this.listening.signal };
    document.addEventListener("pointerdown", () => this.yield(), options);
    document.addEventListener("keydown", () => this.interrupt(), options);
  }

  get engine() {
    return this.connection.engine;
  }

  // Called at the start and whenever Python or the theme says something new.
  update(data, setStateValue) {
    const isFirst = this.data === undefined;
    const hasNewModel = isFirst || data.model.id !== this.data.model.id;
    const { revision, focus } = this.data ?? {};
    const token = this.data?.engines.token;
    this.data = data;
    this.setStateValue = setStateValue;
    if (hasNewModel) this.open(isFirst);
    else if (data.revision !== revision) this.moveTo(Float32Array.from(data.z), "");
    else this.plane.draw(); // the colours may be others now
    if (!isFirst && data.engines.token !== token) this.connection.renew(data.engines);
    const isPointedOut = !isFirst && data.focus && data.focus.count !== focus?.count;
    if (isPointedOut) this.sliders.focus(data.focus.dim);
    if (data.replySequence) this.engine?.deliver?.(data.replySequence, columnOf(data.reply));
  }

  // Take up a model: its first picture is in the data, so nothing has to be waited for.
  open(isFirst) {
    const { model, sliders, unit, opening, engines } = this.data;
    this.travel.stop();
    clearTimeout(this.resting);
    this.resting = 0;
    this.isMoving = false;
    this.isTouched = false;
    this.wanted = null;
    this.history.clear();
    this.examples = columnOf(this.data.examples);
    this.view.take(model);
    this.buttons.randomise.hidden = !model.prior;
    this.z = Float32Array.from(this.data.z);
    this.sliders.build(sliders, unit);
    this.film.clear();
    this.sliders.set(this.z);
    this.root.querySelector(".side").dataset.dims = this.z.length;
    this.plane.take(model, this.codes(), sliders, this.z);
    this.view.say(this.data.what);
    this.view.paint({ pixels: columnOf(this.data.first), ...model });
    this.showHistory();
    this.opening = opening;
    this.glide(opening !== null);
    if (!isFirst) dropFromAddress(this.data.parameter); // that was the other model's point
    if (isFirst) this.connection.open(engines, model, this.z);
    else this.connection.take(engines, model, this.z);
    if (this.engine) this.begin();
  }

  // The opening: from the origin to a held-out image, given up at the first touch.
  begin() {
    if (this.opening === null) return;
    this.shown = this.opening;
    this.travel.start(this.z, this.exampleAt(this.shown), OPENING_MS, () => {
      this.opening = null;
      this.glide(false);
      this.view.say(this.data.labels[this.shown]);
    });
  }

  // An engine has come, or has taken the place of another.
  start(engine) {
    this.view.use(engine);
    if (this.wanted) this.pictures.want(this.wanted);
    else this.begin();
    if (!this.travel.isUnderWay) this.drawFilm();
  }

  // Show a code: sliders at once, the picture as soon as it is decoded.
  show(z) {
    this.z = z;
    this.film.stop();
    this.sliders.set(z);
    this.plane.set(z);
    this.paint(z);
    this.restIn(REST_MS);
  }

  paint(z) {
    this.wanted = { model: this.data.model, z };
    if (this.engine) this.pictures.want(this.wanted);
  }

  // What a place of the plane would look like, while the pointer is over it.
  peek(z) {
    this.interrupt();
    this.said ??= this.view.what;
    const { x, y } = this.plane;
    this.view.say(`here: z${x} ${format(z[x])}, z${y} ${format(z[y])}`);
    this.paint(z);
  }

  leave() {
    if (this.said === undefined) return;
    this.view.say(this.said);
    this.said = undefined;
    this.paint(this.z);
  }

  // A press anywhere stops what moves by itself. It may lead to another page, and Streamlit draws
  // nothing there if our report comes while it is on its way: the report waits.
  yield() {
    this.interrupt();
    if (this.resting) this.restIn(PRESS_MS);
  }

  restIn(milliseconds) {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), milliseconds);
  }

  async decode({ model, z }) {
    if (model.id !== this.data.model.id) return;
    const { engine } = this;
    const asked = performance.now();
    try {
      const picture = await this.inTurn(() => engine.decode(model, z, 1));
      if (model.id !== this.data.model.id) return;
      this.view.paint(picture);
      this.view.time(engine, performance.now() - asked);
      this.connection.time(engine, performance.now() - asked);
    } catch {
      // The engine has gone or was too slow; the next one starts from the newest z.
      if (model.id === this.data.model.id) this.connection.drop(engine);
    }
  }

  // An engine is asked for one thing at a time.
  async inTurn(work) {
    const before = this.turn;
    let finish;
    this.turn = new Promise((resolve) => (finish = resolve));
    await before;
    try {
      return await work();
    } finally {
      finish();
    }
  }

  // Many pictures beside the live one, which goes first; null where they cannot be had.
  async decodeMany(codes, count) {
    while (this.pictures.busy) await new Promise((resolve) => requestAnimationFrame(resolve));
    const { engine } = this;
    const { model } = this.data;
    try {
      return await this.inTurn(() => engine.decode(model, codes, count));
    } catch {
      return null;
    }
  }

  // Not by reruns: each strip would take one, and the next picture would have to wait for it.
  drawFilm() {
    if (this.engine && this.engine.name !== "rerun") this.film.draw(this.z);
  }

  // The pointer rests: let Python know.
  rest() {
    clearTimeout(this.resting);
    this.resting = 0;
    if (this.travel.isUnderWay) return;
    this.isMoving = false;
    this.plane.rest();
    this.drawFilm();
    const z = Array.from(this.z, (value) => Number(value.toFixed(5)));
    if (this.isTouched) this.keepPoint();
    this.setStateValue("point", { model: this.data.model.id, z });
  }

  slide(dim, value) {
    const z = this.z.slice();
    z[dim] = value;
    this.go(z);
  }

  // Follow the hand; one movement is one step to undo.
  go(z) {
    this.interrupt();
    this.said = undefined;
    if (!this.isMoving) this.remember();
    this.isMoving = true;
    this.view.say("your own point");
    this.show(z);
  }

  remember() {
    this.isTouched = true; // from here on the address tells the point
    this.history.push(this.here);
    this.showHistory();
  }

  moveTo(z, what) {
    this.interrupt();
    this.remember();
    this.view.say(what);
    this.travel.start(this.z, z, MOVE_MS, () => {});
  }

  reset() {
    this.moveTo(new Float32Array(this.z.length), "the origin: every z is 0");
  }

  randomise() {
    this.moveTo(this.z.map(() => drawNormal()), "a draw from the prior");
  }

  example() {
    const count = this.data.labels.length;
    const skip = 1 + Math.floor(Math.random() * Math.max(1, count - 1));
    this.shown = ((this.shown ?? -1) + skip) % count;
    this.moveTo(this.exampleAt(this.shown), this.data.labels[this.shown]);
  }

  // Held-out codes for the plane, as flat arrays.
  codes() {
    const { plane, model } = this.data;
    const [mean, logVar, label] = ["mean", "logVar", "label"].map((name) =>
      columnOf(this.data[`plane_${name}`]),
    );
    return { mean, logVar, label, prior: model.prior, ...plane };
  }

  exampleAt(row) {
    return this.examples.slice(row * this.z.length, (row + 1) * this.z.length);
  }

  undo() {
    this.leap(this.history.back(this.here));
  }

  redo() {
    this.leap(this.history.forth(this.here));
  }

  get here() {
    return { z: this.z, what: this.view.what };
  }

  leap(step) {
    if (!step) return;
    this.interrupt();
    this.view.say(step.what);
    this.travel.start(this.z, step.z, MOVE_MS, () => {});
    this.showHistory();
  }

  showHistory() {
    this.buttons.undo.disabled = this.history.past.length === 0;
    this.buttons.redo.disabled = this.history.future.length === 0;
  }

  link() {
    this.keepPoint();
    copy(this.buttons.link, location.href);
  }

  code() {
    const z = Array.from(this.z, (value) => String(value)).join(", ");
    copy(this.buttons.code, this.data.snippet.replace("{z}", z));
  }

  point() {
    const { name, id } = this.data.model;
    const text = JSON.stringify({ model: name, checkpoint: id, z: Array.from(this.z) }, null, 2);
    saveText(`${name}-point.json`, text, "application/json");
  }

  keepPoint() {
    const z = Array.from(this.z, (value) => Number(value.toFixed(4)));
    keepInAddress(this.data.parameter, z.join(","));
  }

  save() {
    this.view.save();
  }

  glide(isGliding) {
    this.root.toggleAttribute("data-gliding", isGliding);
  }

  // Whatever moves by itself gives way to the visitor.
  interrupt() {
    this.opening = null;
    this.glide(false);
    if (!this.travel.isUnderWay) return;
    this.travel.stop();
    this.view.say("your own point");
    this.show(this.z);
  }

  onKey(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) this.redo();
    else this.undo();
  }

  close() {
    clearTimeout(this.resting);
    this.travel.stop();
    this.listening.abort();
    this.film.stop();
    this.view.close();
    this.plane.close();
    this.connection.close();
  }
}

function drawNormal() {
  const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
  return radius * Math.cos(2 * Math.PI * Math.random());
}
