// The map page: where a whole data set lands in latent space, and what any place of it decodes to.

import { Asking } from "./asking.js";
import { Atlas } from "./atlas.js";
import { Chosen, rowOf } from "./chosen.js";
import { columnOf, examplesOf, originalsOf } from "./data.js";
import { Decoding } from "./decoding.js";
import { mount } from "./dom.js";
import { Group } from "./group.js";
import { Input } from "./input.js";
import { MapFiles } from "./mapfiles.js";
import { Stars, sayOf } from "./stars.js";
import { View } from "./view.js";

const STAR_REACH = 12;
const FAR = [0.015, 0.1]; // from here on a place's picture fades, and here it is faintest
const FAINTEST = 0.25;

const maps = new WeakMap();

export default function (component) {
  return mount(maps, component, (parent) => new MapPage(parent));
}

class MapPage {
  constructor(parent) {
    this.root = parent.querySelector(".live");
    const find = (selector) => this.root.querySelector(selector);
    const decode = (codes, count) => this.decoding.decodeMany(codes, count);
    this.asking = new Asking(this.root, (name, value) => this.setStateValue(name, value));
    this.view = new View(this.root);
    this.decoding = new Decoding({
      ask: (question) => this.asking.send("ask", question),
      engine: (engine) => this.view.use(engine),
      picture: (picture, engine, took) => {
        this.view.paint(picture);
        this.view.time(engine, took);
      },
      note: (note) => this.view.note(note),
    });
    this.atlas = new Atlas(find(".atlas"), this.asking, {
      map: (isFirst, areSame) => this.takeMap(isFirst, areSame),
      peek: (x, y, row) => this.peek(x, y, row),
      leave: () => this.show(this.rest),
      take: (x, y, row) => this.take(this.meantAt(x, y, row)),
      choose: (count, rows) => this.choose(count, rows),
    });
    this.stars = new Stars({
      place: (z) => this.atlas.placing.place(z),
      ask: (z) => this.asking.ask("weigh", { z }),
    });
    this.chosen = new Chosen(find(".details"), {
      decode,
      original: (row) => this.asking.ask("original", { row }),
      take: (row) => this.take(this.atlas.imageAt(row)),
      close: () => this.forget(),
    });
    this.group = new Group(find(".group"), {
      decode,
      take: (row) => this.take(this.atlas.imageAt(row)),
      clear: () => this.atlas.choose([]),
    });
    this.files = new MapFiles(find(".share"), {
      ask: (kind) => this.asking.ask("file", { kind }),
      release: () => this.asking.release("file"),
      of: () => ({ ...this.data, atlas: this.atlas }),
    });
    this.input = new Input(
      find(".input"),
      {
        encode: (pixels) => this.decoding.encode(pixels),
        decode,
        send: (question) => this.asking.send("picture", question),
        release: () => this.asking.release("picture"),
        fetch: (question) => this.asking.send("originals", question),
        point: (posterior, made) => this.addDrawing(posterior, made),
        pictures: (pictures) => this.addPictures(pictures),
        example: (row) => this.takeExample(row),
      },
      { takesSeveral: true },
    );
    const { connection } = this.decoding;
    const engine = find("select.engine");
    engine.value = connection.wish;
    engine.addEventListener("change", () => connection.prefer(engine.value, this.z));
  }

  // Called at the start and whenever Python or the theme says something new.
  update(data, setStateValue) {
    const before = this.data;
    this.data = data;
    this.setStateValue = setStateValue;
    const isAnother = !before || data.model.id !== before.model.id;
    if (isAnother) this.open();
    this.atlas.update(data, isAnother ? null : before);
    if (isAnother) return;
    if (data.engines.token !== before.engines.token) this.decoding.renew(data.engines);
    if (data.originals.count !== before.originals.count) {
      this.input.gallery.receive(originalsOf(data));
    }
    const isNew = (name) => data[name] && data[name].sequence !== before[name]?.sequence;
    const isWanted = (name) => isNew(name) && this.asking.isNewest(name, data[name]);
    if (isNew("picture")) this.input.receive(data.picture, columnOf(data.picturePixels));
    if (isNew("weigh")) this.receiveWeight(data.weigh);
    if (isWanted("group")) this.group.show(data.group);
    if (isWanted("original")) {
      this.chosen.receiveOriginal(data.original.row, columnOf(data.originalPixels));
    }
    if (isNew("file")) this.files.receive(data.file, columnOf(data.fileBytes));
    this.decoding.deliver(data);
  }

  open() {
    const { model, engines, paper, errors, gallery } = this.data;
    this.examples = examplesOf(this.data);
    const { mean, what } = this.examples.at(0);
    this.asking.take(model);
    this.atlas.expect();
    this.view.take(model);
    this.decoding.expect(model);
    this.decoding.take(engines, mean);
    const originals = originalsOf(this.data);
    this.input.take(model, { paper, errors, examples: this.examples, gallery, originals });
    this.files.take();
    this.group.hide();
    this.forget();
    this.rest = { mean, what };
    this.show(this.rest);
  }

  // Another map is there: what hangs on it follows.
  takeMap(isFirst, areSame) {
    const { model, map, choices } = this.data;
    const { codes, label, layers } = this.atlas;
    const nameOf = (row) => this.atlas.nameOf(row);
    this.chosen.take(model, codes, choices.order, nameOf);
    this.group.take(model, (row) => rowOf(codes, model.dims, row), nameOf);
    this.stars.take(model, codes, { label, names: map.labels });
    layers.stars = this.stars.all;
    if (areSame) this.placeAgain();
    else this.forget();
    if (!areSame) this.group.hide();
    if (!isFirst) return;
    this.rest = this.atlas.imageAt(0);
    this.show(this.rest);
  }

  // What was chosen lies elsewhere now.
  placeAgain() {
    const { shown } = this;
    if (!shown || this.stars.all.includes(shown)) return;
    const isImage = shown.row !== undefined;
    shown.place = isImage ? this.atlas.placeOf(shown.row) : this.atlas.placing.place(shown.mean);
    this.atlas.scatter.draw();
  }

  // Show what a code decodes to, fainter the farther the data are.
  show({ mean, what, far = 0 }) {
    this.z = mean;
    this.view.say(what);
    const share = Math.min(1, Math.max(0, (far - FAR[0]) / (FAR[1] - FAR[0])));
    this.view.canvas.style.opacity = 1 - share * (1 - FAINTEST);
    this.decoding.want(mean);
  }

  // What is meant at a place: a star, an image of the map, or the place itself.
  meantAt(x, y, row) {
    const { scatter, placing } = this.atlas;
    const reach = (STAR_REACH * scatter.unit) / scatter.view.scale;
    const thing = this.stars.at(x, y, reach) ?? this.atlas.imageAt(row);
    if (thing) return thing;
    const { z, far } = placing.codeAt(x, y);
    const what = far > FAR[1] ? "a place far from all data" : "a place on the map";
    return { mean: z, place: [x, y], what, far };
  }

  peek(x, y, row) {
    this.show(this.meantAt(x, y, row));
  }

  take(meant) {
    const isStar = this.stars.all.includes(meant);
    this.rest = this.shown = meant;
    this.atlas.layers.chosen = isStar ? null : meant;
    this.show(meant);
    this.chosen.show({ ...meant, what: this.view.what, note: isStar ? sayOf(meant) : "" });
    this.atlas.scatter.draw();
  }

  forget() {
    this.chosen.hide();
    this.atlas.layers.chosen = this.shown = null;
    this.atlas.scatter.draw();
  }

  // So many were chosen; of these rows the codes are at hand.
  choose(count, rows) {
    if (!rows.length) return this.group.hide();
    this.group.wait(count);
    this.asking.ask("group", { rows });
  }

  addDrawing(posterior, { what, pixels, isDrawn }) {
    this.addStar({ ...posterior, pixels, what, of: isDrawn ? "drawing" : null });
  }

  takeExample(row) {
    const { mean, logVar, what } = this.examples.at(row);
    if (this.atlas.placing) this.take({ mean, logVar, what, place: this.atlas.placing.place(mean) });
  }

  async addPictures(pictures) {
    for (const { pixels, of, pick } of pictures) {
      const posterior = await this.decoding.encode(pixels);
      if (!posterior) {
        this.input.say("The picture could not be encoded. Try it again.");
        return;
      }
      this.addStar({ ...posterior, pixels, what: "your picture", of: `${of}-${pick}` });
    }
  }

  addStar(made) {
    if (this.atlas.placing) this.take(this.stars.add(made));
  }

  receiveWeight(answer) {
    const star = this.stars.receive(answer);
    if (star && star === this.shown) this.chosen.say(sayOf(star));
  }

  close() {
    this.asking.close();
    this.atlas.close();
    this.view.close();
    this.input.close();
    this.decoding.close();
  }
}
