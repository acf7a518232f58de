// The explorer: the live picture and all that moves it. The page owns z; Python hears of it when
// the pointer rests.

import { dropFromAddress, keepInAddress, readAddress } from "./address.js";
import { Bookmarks } from "./bookmarks.js";
import { columnOf, examplesOf, originalsOf, planeCodesOf } from "./data.js";
import { Decoding } from "./decoding.js";
import { format, mount } from "./dom.js";
import { Film } from "./film.js";
import { Input } from "./input.js";
import { Plane } from "./plane.js";
import { Point } from "./point.js";
import { Questions } from "./questions.js";
import { Sampling } from "./sampling.js";
import { Share } from "./share.js";
import { Sliders } from "./sliders.js";
import { View } from "./view.js";

const ADDRESS_DIGITS = 4;
const REPORT_DIGITS = 5;

const explorers = new WeakMap();

export default function (component) {
  return mount(explorers, component, (parent) => new Explorer(parent));
}

class Explorer {
  constructor(parent) {
    this.root = parent.querySelector(".live");
    const find = (selector) => this.root.querySelector(selector);
    this.questions = new Questions(this.root, (name, value) => this.setStateValue(name, value));
    this.view = new View(this.root);
    this.decoding = new Decoding({
      ask: (question) => this.setStateValue("ask", question),
      engine: (engine) => this.start(engine),
      picture: (picture, engine, took) => {
        this.view.paint(picture);
        this.view.time(engine, took);
      },
      note: (note) => this.view.note(note),
    });
    const decode = (codes, count) => this.decoding.decodeMany(codes, count);
    this.point = new Point({
      move: (z) => this.show(z),
      say: (what) => this.view.say(what),
      glide: (isGliding) => this.root.toggleAttribute("data-gliding", isGliding),
      history: () => this.showHistory(),
      context: () => this.posterior,
      leap: (posterior) => {
        this.hold(posterior);
        this.input.comparison.hide();
      },
      rest: () => this.rest(),
    });
    this.sliders = new Sliders(
      find(".sliders"),
      (dim, value) => this.slide(dim, value),
      () => this.drawFilm(),
    );
    this.film = new Film(() => [...this.sliders.rows.values()], decode);
    this.plane = new Plane(find(".plane"), {
      peek: (z) => this.peek(z),
      leave: () => this.leave(),
      take: (z) => this.follow(z),
      view: (view) => this.keepView(view),
      decode,
    });
    this.input = new Input(find(".input"), {
      encode: (pixels) => this.decoding.encode(pixels),
      decode,
      send: (question) => this.questions.ask("picture", question),
      release: () => this.questions.release("picture"),
      fetch: (question) => this.questions.ask("originals", question),
      point: (posterior, { what, isDrawn }) => this.takePosterior(posterior, what, isDrawn),
      pictures: ([{ pixels }]) => this.input.want({ pixels, what: "your picture" }),
      example: (row) => this.showExample(row),
    });
    this.sampling = new Sampling(find(".controls"), {
      moveTo: (z, what) => this.moveTo(z, what),
      leaveFor: (z, what) => this.leaveFor(z, what),
      follow: (z, what) => this.point.follow(z, what),
    });
    this.bookmarks = new Bookmarks(find(".bookmarks"), find("button[data-do=bookmark]"), {
      of: () => this.point.z,
      take: (z, number) => this.leaveFor(z, `bookmark ${number}`),
      decode,
    });
    this.share = new Share(find(".share"), () => ({
      model: this.data.model,
      z: this.point.z,
      snippet: this.data.snippet,
      canvas: this.view.canvas,
      keep: () => this.keepPoint(),
    }));
    this.buttons = {};
    for (const button of this.root.querySelectorAll("button[data-do]")) {
      this.buttons[button.dataset.do] = button;
      button.addEventListener("click", () => this[button.dataset.do]?.());
    }
    this.listen(find("select.engine"));
  }

  listen(wish) {
    const { connection } = this.decoding;
    wish.value = connection.wish;
    wish.addEventListener("change", () => connection.prefer(wish.value, this.point.z));
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.root.addEventListener("pointerleave", (event) => {
      const isAtWork = event.buttons || this.sampling.wiggle.isUnderWay;
      if (this.point.resting && !isAtWork) this.point.rest();
    });
    this.listening = new AbortController();
    const options = { capture: true, signal: this.listening.signal };
    document.addEventListener("pointerdown", (event) => this.yield(event), options);
    document.addEventListener("keydown", (event) => this.yield(event), options);
  }

  // Called at the start and whenever Python or the theme says something new.
  update(data, setStateValue) {
    const before = this.data;
    this.data = data;
    this.setStateValue = setStateValue;
    if (!before || data.model.id !== before.model.id) {
      this.open(!before);
    } else {
      this.plane.draw(); // the colours may be others now
      if (data.originals.count !== before.originals.count) {
        this.input.gallery.receive(originalsOf(data));
      }
    }
    if (!before) return;
    if (data.engines.token !== before.engines.token) this.decoding.renew(data.engines);
    if (data.focus && data.focus.count !== before.focus?.count) this.sliders.focus(data.focus.dim);
    if (data.picture && data.picture.sequence !== before.picture?.sequence) {
      this.input.receive(data.picture, columnOf(data.picturePixels));
    }
    this.decoding.deliver(data);
  }

  // Take up a model: its first picture is in the data, so nothing has to be waited for.
  open(isFirst) {
    const { model, sliders, unit, opening, engines } = this.data;
    const z = Float32Array.from(this.data.z);
    this.examples = examplesOf(this.data);
    this.view.take(model);
    this.share.take(this.view.canvas);
    this.decoding.expect(model);
    this.sampling.take(model);
    this.sliders.build(sliders, unit);
    this.hold(null);
    this.film.clear();
    this.point.place(z, this.data.what);
    this.sliders.set(z);
    this.root.querySelector(".side").dataset.dims = z.length;
    const view = isFirst ? readAddress(this.data.viewParameter) : "";
    this.plane.take(model, planeCodesOf(this.data), sliders, z, view);
    this.view.paint({ pixels: columnOf(this.data.first), ...model });
    this.input.take(model, {
      paper: this.data.paper,
      errors: this.data.errors,
      examples: this.examples,
      gallery: this.data.gallery,
      originals: originalsOf(this.data),
    });
    if (!isFirst) dropFromAddress(this.data.parameter, this.data.viewParameter); // another model's
    this.shown = opening;
    this.point.opening = opening === null ? null : this.examples.at(opening);
    this.root.toggleAttribute("data-gliding", opening !== null);
    this.decoding.take(engines, z);
    this.bookmarks.take(model, z.length);
    if (this.decoding.engine) this.point.begin();
  }

  // An engine has come, or has taken the place of another.
  start(engine) {
    this.view.use(engine);
    if (!this.decoding.wanted) this.point.begin();
    if (!this.point.travel.isUnderWay) this.drawFilm();
  }

  // Show a code: sliders at once, the picture as soon as it is decoded.
  show(z) {
    this.film.stop();
    this.decoding.want(z); // first: the engine works while the page draws the rest
    this.view.hint(null);
    this.sliders.set(z);
    this.plane.set(z);
  }

  // What a place of the plane would look like, while the pointer is over it and nothing moves.
  peek(z) {
    if (this.point.travel.isUnderWay || this.sampling.wiggle.isUnderWay) return;
    const { x, y } = this.plane;
    this.view.hint(`here: z${x} ${format(z[x])}, z${y} ${format(z[y])}`);
    this.decoding.want(z);
  }

  leave() {
    if (!this.view.hint(null)) return;
    this.decoding.want(this.point.z);
  }

  // The pointer rests: let Python know.
  rest() {
    this.plane.rest();
    this.drawFilm();
    if (this.point.isTouched) this.keepPoint();
    this.questions.ask("point", { model: this.data.model.id, z: this.rounded(REPORT_DIGITS) });
  }

  // Not by reruns: each strip would take one, and the next picture would have to wait for it.
  drawFilm() {
    const { engine } = this.decoding;
    if (engine && engine.name !== "rerun") this.film.draw(this.point.z);
  }

  slide(dim, value) {
    const z = this.point.z.slice();
    z[dim] = value;
    this.follow(z);
  }

  follow(z) {
    this.stop();
    this.point.follow(z);
  }

  moveTo(z, what) {
    this.stop();
    this.point.moveTo(z, what);
  }

  // To a place that has nothing to do with the last picture.
  leaveFor(z, what) {
    this.moveTo(z, what);
    this.hold(null);
  }

  reset() {
    this.leaveFor(new Float32Array(this.data.model.dims), "the origin: every z is 0");
  }

  example() {
    this.showExample(this.examples.other(this.shown));
  }

  // A held-out image: its posterior, and its original where that is here.
  showExample(row) {
    this.shown = row;
    const { what, ...posterior } = this.examples.at(row);
    this.input.forget();
    this.takePosterior(posterior, what, false);
    this.input.compareExample(row, posterior.mean);
  }

  // What the encoder found in a picture: the sliders go to its mean, its spread is on their tracks.
  takePosterior(posterior, what, isDrawn) {
    this.sampling.stop();
    // A drawing is one movement: undoing it leads to before its first line.
    if (isDrawn) this.point.follow(posterior.mean, what);
    else this.point.moveTo(posterior.mean, what);
    this.hold(posterior);
  }

  // The posterior to draw from and to show, null where the point is nobody's.
  hold(posterior) {
    this.posterior = posterior;
    this.sampling.hold(posterior);
    this.sliders.spread(posterior?.logVar ? posterior : null);
    if (!posterior) this.input.comparison.hide();
  }

  undo() {
    this.stop();
    this.point.undo();
  }

  redo() {
    this.stop();
    this.point.redo();
  }

  // The visitor moves: what moves by itself stops, and what is still being encoded comes too late.
  stop() {
    this.sampling.stop();
    this.input.forget();
  }

  showHistory() {
    this.buttons.undo.disabled = this.point.history.past.length === 0;
    this.buttons.redo.disabled = this.point.history.future.length === 0;
  }

  rounded(digits) {
    return Array.from(this.point.z, (value) => Number(value.toFixed(digits)));
  }

  keepPoint() {
    keepInAddress(this.data.parameter, this.rounded(ADDRESS_DIGITS).join(","));
  }

  keepView(view) {
    if (view) keepInAddress(this.data.viewParameter, view);
    else dropFromAddress(this.data.viewParameter);
  }

  // A press or a key anywhere stops what moves by itself, except on the button that says stop.
  yield(event) {
    if (event.type === "pointerdown") this.point.yield();
    else this.point.interrupt();
    if (!event.composedPath().includes(this.sampling.toggle)) this.sampling.stop();
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
    this.sampling.stop();
    this.questions.close();
    this.point.close();
    this.listening.abort();
    this.film.stop();
    this.view.close();
    this.plane.close();
    this.input.close();
    this.decoding.close();
  }
}
