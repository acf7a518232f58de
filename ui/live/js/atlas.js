// The map itself with its tools: which map, its colours, what lies behind and over its points.

import { keepInAddress } from "./address.js";
import { rowOf } from "./chosen.js";
import { Colouring } from "./colouring.js";
import { columnOf } from "./data.js";
import { Layers } from "./layers.js";
import { Columns } from "./mapdata.js";
import { Placing } from "./placing.js";
import { Scatter } from "./scatter.js";

const POLL_MS = 500;
const LATER_MS = 1000;
const PRIOR_REACH = 3.2;
const CLOSER = 3; // how much closer to look at an image that was searched for

export class Atlas {
  // asking reaches Python; on.map(isFirst, areSame) hears of another map, whether it is the first of
  // its model and whether it has the same images as the one before, on.peek(x, y, row), on.leave() and
  // on.take(x, y, row) of the pointer, on.choose(count, rows) of a lasso, a box or a label.
  constructor(root, asking, on) {
    this.root = root;
    this.asking = asking;
    this.on = on;
    this.layers = new Layers();
    this.colouring = new Colouring(this.find(".key"), () => this.paint());
    this.scatter = new Scatter(this.find(".sheet"), {
      peek: (x, y, row) => this.placing && on.peek(x, y, row),
      leave: () => on.leave(),
      take: (x, y, row) => this.placing && on.take(x, y, row),
      choose: (rows) => this.choose(rows),
      behind: (context, at) => this.layers.behind(context, at),
      over: (context, at) => this.layers.over(context, at),
    });
    this.listen();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  listen() {
    const hear = (selector, name, work) => this.find(selector).addEventListener(name, work);
    for (const name of ["source", "method", "across", "up"]) {
      hear(`select.${name}`, "change", () => this.wish());
    }
    hear("button.cancel", "click", () => this.wish(true));
    hear("select.shade", "change", () => this.colour().then(() => this.keep()));
    hear("select.behind", "change", () => this.askForLayer());
    hear("input.prior", "change", () => this.showLayers());
    hear("input.spread", "change", () => this.showLayers());
    hear("input.search", "keydown", (event) => {
      if (event.key === "Enter") this.search(event.target.value);
    });
    hear("input.search", "input", (event) => event.target.value || this.search(""));
    for (const button of this.root.querySelectorAll("button[data-mode]")) {
      button.addEventListener("click", () => this.setMode(button.dataset.mode));
    }
  }

  // A model is on its way: nothing is known of its map yet.
  expect() {
    for (const timer of [this.polling, this.judging, this.looking]) clearTimeout(timer);
    this.columns = this.placing = this.codes = this.images = null;
    this.key = "";
    this.find("select.behind").value = "";
    this.find(".key").replaceChildren();
    this.say("");
    this.layers.clear();
    this.scatter.clear();
  }

  // data: the component's; before: what it was.
  update(data, before) {
    this.data = data;
    const { map } = data;
    this.showChoices(before);
    this.showProgress(map);
    if (map.sequence !== before?.map.sequence) this.say(map.error);
    if (map.key !== this.key) {
      this.find(".about").textContent = map.about;
      this.load();
    } else {
      this.columns.receive(data);
    }
    const isNew = (name) =>
      data[name] &&
      data[name].sequence !== before?.[name]?.sequence &&
      this.asking.isNewest(name, data[name]);
    if (isNew("judge")) this.receiveJudgement(data.judge);
    if (isNew("layer")) this.receiveLayer(data.layer);
    this.scatter.draw(); // the theme may be another one now
  }

  showChoices(before) {
    const { map, choices, model } = this.data;
    const fill = (selector, options) => {
      const made = options.map(({ name, title }) => new Option(title, name));
      this.find(selector).replaceChildren(...made);
    };
    if (!before || before.model.id !== model.id) {
      fill("select.source", choices.sources);
      this.find(".whose").hidden = choices.sources.length < 2;
      fill("select.method", choices.methods);
      fill("select.across", choices.dims);
      fill("select.up", choices.dims);
      fill("select.shade", choices.shades);
      this.find("select.shade").value = choices.shade;
    }
    // Only a flat map of a model with a prior can have holes.
    const holes = this.find("select.behind option[value=holes]");
    holes.disabled = !map.linear || !model.prior;
    if (holes.selected && holes.disabled) this.find("select.behind").value = "";
    this.root.dataset.method = map.method;
    this.root.toggleAttribute("data-linear", Boolean(map.linear) && model.prior);
    if (!this.asking.isNewest("map", map)) return; // another wish is on its way
    this.find("select.source").value = map.source;
    this.find("select.method").value = map.method;
    [this.find("select.across").value, this.find("select.up").value] = map.dims;
  }

  showProgress({ progress }) {
    clearTimeout(this.polling);
    this.find(".progress").hidden = !progress;
    if (!progress) return;
    this.find(".doing").textContent = progress.words;
    const bar = this.find("progress");
    if (progress.share === null) bar.removeAttribute("value");
    else bar.value = progress.share;
    this.polling = setTimeout(() => this.asking.ask("map", this.wished), POLL_MS);
  }

  // Whose codes, the method and dimensions that are chosen. A dimension chosen for both axes: the two change
  // places.
  get wished() {
    const [source, method] = ["source", "method"].map((name) => this.find(`select.${name}`).value);
    const [x, y] = ["across", "up"].map((name) => Number(this.find(`select.${name}`).value));
    const [a, b] = this.data.map.dims;
    return { source, method, dims: x === y ? [b, a] : [x, y] };
  }

  wish(cancels = false) {
    this.asking.ask("map", { ...this.wished, cancels });
    if (!cancels) this.keep();
    this.find(".progress").hidden = false;
    this.find(".doing").textContent = cancels ? "Stopping" : "Making the map";
  }

  async load() {
    const { map, model } = this.data;
    const isFirst = !this.columns;
    this.key = map.key;
    const columns = new Columns(this.data, () => this.data.engines.token, {
      ask: (name) => this.asking.ask("column", { name }),
      lost: () => this.loadAnew(),
    });
    this.columns = columns;
    clearTimeout(this.judging);
    this.asking.forget("judge");
    this.root.setAttribute("aria-busy", true);
    const wanted = ["points", "index", "codes", "logVar", "label"].map((name) =>
      map.columns.includes(name) ? columns.get(name) : null,
    );
    const [points, index, codes, logVar, label] = await Promise.all(wanted);
    if (columns !== this.columns || !points || !codes) return;
    Object.assign(this, { points, index, codes, logVar, label });
    this.placing = new Placing(map.linear, points, codes, model.dims);
    const { placing, colouring } = this;
    const { dims, prior } = model;
    this.layers.take({ placing, points, logVar, colouring, dims, hasPrior: prior });
    const images = `${model.id} ${map.source}`;
    const areSame = images === this.images;
    if (!areSame) this.colouring.group = null;
    const stays = areSame && this.method === map.method && map.method !== "raw";
    this.images = images;
    this.method = map.method;
    this.scatter.take(points, map.linear && prior ? PRIOR_REACH : 0, stays);
    await this.colour();
    if (columns !== this.columns) return;
    this.root.setAttribute("aria-busy", false);
    this.showLayers();
    if (this.find("select.behind").value) this.askForLayer();
    if (!map.progress) this.asking.ask("judge");
    this.on.map(isFirst, areSame);
  }

  // The server has forgotten this map.
  loadAnew() {
    this.key = "";
    this.asking.ask("map", this.wished);
  }

  // How true the map is; that takes seconds, and the map did not wait for it.
  receiveJudgement({ error, words }) {
    this.find(".about").textContent = `${this.data.map.about} ${error || words}`;
    if (!error && !words) this.judging = setTimeout(() => this.asking.ask("judge"), LATER_MS);
  }

  async colour() {
    const { map, choices } = this.data;
    const { columns } = this;
    const name = this.find("select.shade").value;
    if (name === "label") {
      this.colouring.byLabel(this.label, map.labels, map.colours);
    } else {
      const values = await columns.get(name);
      if (columns !== this.columns || this.find("select.shade").value !== name) return;
      if (!values) return this.say("These colours cannot be had now. Choose others.");
      this.colouring.byValue(values, choices.shades.find((one) => one.name === name).title);
    }
    this.paint();
  }

  paint() {
    this.scatter.paint(this.colouring.shown, this.colouring.palette);
  }

  showLayers() {
    this.layers.withPrior = this.find("input.prior").checked;
    this.layers.withPosteriors = this.find("input.spread").checked;
    this.scatter.draw();
  }

  askForLayer() {
    clearTimeout(this.looking);
    const layer = this.find("select.behind").value;
    this.layers.grid = null;
    this.colouring.stepBack(layer !== "");
    this.paint();
    this.say("");
    this.asking.forget("layer");
    if (layer) this.asking.ask("layer", { layer });
  }

  receiveLayer({ error, words, kind, box }) {
    const values = columnOf(this.data.layerValues);
    if (values && !error) this.layers.show(values, kind, box);
    this.say(error || words || "Measuring the holes");
    const again = () => this.asking.ask("layer", { layer: kind });
    if (!error && !words) this.looking = setTimeout(again, LATER_MS);
    this.scatter.draw();
  }

  setMode(mode) {
    this.scatter.mode = mode;
    this.find(".sheet").dataset.mode = mode;
    for (const button of this.root.querySelectorAll("button[data-mode]")) {
      button.setAttribute("aria-pressed", button.dataset.mode === mode);
    }
  }

  // What is chosen stands out; nothing chosen, nothing fades.
  choose(rows) {
    if (!this.codes) return;
    this.colouring.mark(rows.length ? rows : null);
    const known = this.codes.length / this.data.model.dims;
    this.on.choose(rows.length, rows.filter((row) => row < known));
  }

  // What is to be known of the map besides: what lies behind, what was not found.
  say(text) {
    this.find(".trouble").textContent = text;
  }

  // A label shows its images; a number, with or without #, goes to that image.
  search(text) {
    const wanted = text.trim().toLowerCase();
    if (!this.codes) return;
    this.say("");
    const named = wanted ? this.labelled(wanted) : [];
    this.choose(named);
    if (named.length || !wanted) return;
    const number = wanted.replace("#", "");
    const row = this.index.indexOf(Number(number));
    const isNumber = /^\d+$/.test(number);
    if (row < 0 && isNumber) return this.say(`Image ${number} is not among these.`);
    if (row < 0) return this.say(`Nothing is called ${text.trim().slice(0, 40)}.`);
    const { scatter } = this;
    const [x, y] = this.placeOf(row);
    scatter.look(x, y, Math.max(scatter.view.scale, CLOSER * scatter.whole));
    this.on.take(x, y, row);
  }

  // The rows whose label is called so, or begins so.
  labelled(wanted) {
    const names = this.data.map.labels.map((name) => name.toLowerCase());
    const exact = names.indexOf(wanted);
    const k = exact < 0 ? names.findIndex((name) => name.startsWith(wanted)) : exact;
    const rows = [];
    if (k >= 0) this.label.forEach((value, row) => value === k && rows.push(row));
    return rows;
  }

  placeOf(row) {
    return [this.points[2 * row], this.points[2 * row + 1]];
  }

  // What is at a point: an image of which the page has the code, else null.
  imageAt(row) {
    const { dims } = this.data.model;
    if (row < 0 || (row + 1) * dims > this.codes.length) return null;
    const own = (column) => column && rowOf(column, dims, row);
    return {
      row,
      mean: own(this.codes),
      logVar: own(this.logVar),
      place: this.placeOf(row),
      what: this.nameOf(row),
    };
  }

  nameOf(row) {
    const { map } = this.data;
    const name = this.label && map.labels[this.label[row]];
    const text = `${map.split} image ${this.index[row]}`;
    return name ? `${text} \u00b7 ${/^\d+$/.test(name) ? `a ${name}` : name}` : text;
  }

  // The address restores the map and its colours.
  keep() {
    const { source, method, dims } = this.wished;
    const parts = [method, ...(method === "raw" ? dims : []), this.find("select.shade").value];
    if (source !== "held-out") parts.push(source);
    keepInAddress(this.data.parameter, parts.join(","));
  }

  close() {
    for (const timer of [this.polling, this.judging, this.looking]) clearTimeout(timer);
    this.scatter.close();
  }
}
