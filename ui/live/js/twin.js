// Two models' latent planes under one cursor: each shows what it makes of the same place. They
// stand far down the page and are made when they come near the window.

import { columnOf, planeCodesOf } from "./data.js";
import { Decoding } from "./decoding.js";
import { mount } from "./dom.js";
import { isPixelated, paint } from "./picture.js";
import { Plane } from "./plane.js";

const NEAR = "300px";

const twins = new WeakMap();

export default function (component) {
  return mount(twins, component, (parent) => new Twin(parent.querySelector(".twin")));
}

class Twin {
  constructor(root) {
    this.root = root;
    this.halves = [];
    this.watch = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && this.make(),
      { rootMargin: NEAR },
    );
    this.watch.observe(root);
  }

  make() {
    this.watch.disconnect();
    const [pair, template] = ["div.pair", "template"].map((name) => this.root.querySelector(name));
    const mosaic = this.root.querySelector("input.mosaic");
    this.halves = this.data.halves.map((_, k) => {
      pair.append(template.content.cloneNode(true));
      return new Half(pair.lastElementChild, mosaic, {
        move: (place) => this.move(place),
        ask: (question) => this.setStateValue(`ask${k}`, question),
      });
    });
    this.halves.forEach((half, k) => half.update(this.data, k));
  }

  update(data, setStateValue) {
    this.data = data;
    this.setStateValue = setStateValue;
    this.halves.forEach((half, k) => half.update(data, k));
  }

  // The cursor is at one place of both planes, both 0 to 1.
  move(place) {
    for (const half of this.halves) half.show(place);
  }

  close() {
    this.watch.disconnect();
    for (const half of this.halves) half.close();
  }
}

class Half {
  constructor(root, mosaic, on) {
    this.root = root;
    this.canvas = root.querySelector("canvas.picture");
    this.decoding = new Decoding({
      ask: on.ask,
      engine: () => this.plane.rest(),
      picture: (picture) => this.paint(picture),
      note: () => {},
    });
    this.plane = new Plane(
      root.querySelector(".plane"),
      {
        peek: (z, place) => on.move(place),
        take: (z, place) => on.move(place),
        leave: () => {},
        view: () => {},
        decode: (codes, count) => this.decoding.decodeMany(codes, count),
      },
      { mosaic },
    );
  }

  update(data, k) {
    const { model, title, engines } = data.halves[k];
    const replies = { replySequence: data[`replySequence${k}`], reply: data[`reply${k}`] };
    if (this.model?.id === model.id) {
      if (engines.token !== this.token) this.decoding.renew(engines);
      this.token = engines.token;
      this.decoding.deliver(replies);
      this.plane.draw(); // the colours may be others now
      return;
    }
    this.model = model;
    this.token = engines.token;
    this.root.querySelector("figcaption").textContent = title;
    this.canvas.width = model.width;
    this.canvas.height = model.height;
    this.canvas.dataset.live = `twin-picture-${k}`;
    this.canvas.setAttribute("aria-label", `Decoded by ${title}`);
    this.canvas.classList.toggle("pixelated", isPixelated(model.height, model.width));
    this.plane.canvas.dataset.live = `twin-plane-${k}`;
    this.plane.canvas.setAttribute("aria-label", `Latent plane of ${title}`);
    const z = new Float32Array(model.dims);
    const dims = Array.from(z, (_, dim) => ({ dim }));
    this.decoding.expect(model);
    this.plane.take(model, planeCodesOf(data, k), dims, z);
    this.paint({ pixels: columnOf(data[`first${k}`]), ...model });
    this.decoding.take(engines, z);
  }

  paint(picture) {
    paint(this.canvas, picture.pixels, picture);
    this.canvas.dataset.frame = Number(this.canvas.dataset.frame) + 1;
  }

  show([across, down]) {
    const z = this.plane.codeAt(across, down);
    this.plane.set(z);
    this.decoding.want(z);
  }

  close() {
    this.plane.close();
    this.decoding.close();
  }
}
