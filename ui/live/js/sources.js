// Where corners come from: the visitor's own pictures, held-out images, the prior, bookmarks.

import { Bookmarks } from "./bookmarks.js";
import { MAX_CORNERS, cornerAt, nameOf } from "./corners.js";
import { Input } from "./input.js";
import { normals } from "./random.js";

const CLOSE = 1e-3;

export class Sources {
  // on.corners and on.decoding are the page's; on.here() gives the code that is shown, on.put(corner)
  // gives the chosen corner another; on.send(question), on.release() and on.fetch(question) reach
  // Python.
  constructor(root, on) {
    this.on = on;
    const find = (selector) => root.querySelector(selector);
    const decode = (codes, count) => on.decoding.decodeMany(codes, count);
    this.title = find(".input h3");
    this.input = new Input(
      find(".input"),
      {
        encode: (pixels) => on.decoding.encode(pixels),
        decode,
        send: on.send,
        release: on.release,
        fetch: on.fetch,
        point: ({ mean }, { what, pixels }) => this.put({ ...cornerAt(mean, what), pixels }),
        pictures: (pictures, isNew) => this.takePictures(pictures, isNew),
        example: (row) => this.takeExample(row),
      },
      { takesSeveral: true },
    );
    this.bookmarks = new Bookmarks(find(".bookmarks"), find("button.bookmark"), {
      of: on.here,
      take: (z, number) => this.takeCode(z, `bookmark ${number}`),
      decode,
    });
    this.prior = find("button.prior");
    find(".input .tools").append(find("button.example"), this.prior);
    this.prior.addEventListener("click", () => this.takeSample());
    find("button.example").addEventListener("click", () => this.takeExample(this.examples.other()));
  }

  // data: what Input takes of a model.
  take(model, data) {
    this.model = model;
    this.examples = data.examples;
    this.seed = 0;
    this.prior.hidden = !model.prior;
    this.input.take(model, data);
    this.bookmarks.take(model, model.dims);
  }

  // The next picture is for this corner.
  choose(k) {
    this.title.textContent = `Picture ${nameOf(k)}`;
    this.input.forget();
    this.input.drawing.fill();
    this.input.adopt(this.on.corners.current.picture);
    this.compare();
  }

  // Show the chosen corner's picture beside what is made of it.
  compare() {
    const { pixels, z } = this.on.corners.current;
    if (pixels) this.input.compare(pixels, z);
    else this.input.comparison.hide();
  }

  put(made) {
    this.on.put(made);
    if (!made.pixels) this.input.comparison.hide();
  }

  // A corner to add: a held-out image at random.
  another() {
    return this.example(this.examples.other());
  }

  takeCode(z, what) {
    this.input.forget();
    this.put(cornerAt(z, what));
  }

  takeSample() {
    this.seed += 1;
    this.takeCode(normals(this.seed, this.model.dims), `prior sample ${this.seed}`);
  }

  takeExample(row) {
    this.input.forget();
    this.put(this.example(row));
    this.compare();
  }

  example(row) {
    const { what, mean } = this.examples.at(row);
    return { ...cornerAt(mean, what), pixels: this.input.gallery.original(row)?.slice() ?? null };
  }

  // New pictures go to the chosen corner and those after it, or to the first ones where there is
  // not enough room; one prepared anew to its own.
  async takePictures(pictures, isNew) {
    const { corners, decoding } = this.on;
    const some = pictures.slice(0, MAX_CORNERS);
    if (pictures.length > MAX_CORNERS) {
      this.input.say(`${pictures.length} pictures; the first ${MAX_CORNERS} are taken.`);
    }
    const own = isNew ? -1 : placeOf(corners.all, pictures[0]);
    let place = own < 0 ? Math.min(corners.chosen, MAX_CORNERS - some.length) : own;
    for (const picture of some) {
      const posterior = await decoding.encode(picture.pixels);
      if (!posterior) {
        this.input.say("The picture could not be encoded. Try it again.");
        return;
      }
      const made = { ...cornerAt(posterior.mean, "your picture"), pixels: picture.pixels, picture };
      place = corners.put(place, made) + 1;
    }
    corners.choose(place - 1);
  }

  // A code of the gallery is known by name; others are the visitor's own.
  nameOf(z) {
    for (let row = 0; row < this.examples.count; row++) {
      const { mean, what } = this.examples.at(row);
      if (mean.every((value, d) => Math.abs(value - z[d]) < CLOSE)) return what;
    }
    return "a point of latent space";
  }

  close() {
    this.input.close();
  }
}

function placeOf(corners, { of, pick }) {
  return corners.findIndex(({ picture }) => picture?.of === of && picture?.pick === pick);
}
