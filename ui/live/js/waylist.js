// The ways through the same corners, one below the other: a strip of pictures each, and below it
// how much data lies there.

import { codeAlong, faded, flat } from "./codes.js";
import { element } from "./dom.js";
import { paint, pixelsOf } from "./picture.js";

export const CROSS_FADE = "cross-fade";
const TITLES = {
  linear: ["Linear", "the straight way through latent space"],
  spherical: ["Spherical", "along an arc, keeping as far from the origin as its ends"],
  geodesic: ["Geodesic", "bent so that the picture changes as little as can be on the way"],
  [CROSS_FADE]: ["Cross-fade", "no model: one picture faded into the other"],
};
const AT_ONCE = 16;
const MIN_PICTURE_PX = 28;
const BAND_HEIGHT = 40;
// Where so few held-out images lie in emptier places, the decoder was hardly ever asked to draw.
const EMPTY = 0.01;

export class WayList {
  // on.choose(name, t) hears that a place of a way was pressed, or with null the way as a whole;
  // on.peek(name, t) and on.leave() of the pointer over it; on.decode(codes, count) makes pictures.
  constructor(root, on) {
    this.root = root;
    this.on = on;
    this.rows = new Map();
    for (const name of Object.keys(TITLES)) {
      const row = new Row(name, on);
      this.rows.set(name, row);
      root.append(row.node);
    }
    this.round = 0;
  }

  take(model) {
    this.model = model;
    this.clear();
  }

  // The corners have changed: what is shown is of earlier ones.
  clear() {
    this.round += 1;
    this.found = null;
    this.root.toggleAttribute("data-waiting", true);
  }

  // found: { steps, nodes, rows: [{ name, codes, logDensity, denserThan, nearby, latentLength,
  // imageLength, saved }] }, and the pictures of the corners, the first again where it is closed.
  async show(found, ends) {
    this.round += 1;
    const { round, model } = this;
    this.found = found;
    this.root.removeAttribute("data-waiting");
    for (const way of found.rows) this.rows.get(way.name).describe(way);
    const legs = ends.length - 1;
    const count = this.countFrames(legs);
    const fade = this.rows.get(CROSS_FADE);
    fade.makeRoom(model, count);
    faded(ends, (count - 1) / legs).forEach((pixels, k) => fade.paint(model, pixels, k));
    for (const way of found.rows) {
      const row = this.rows.get(way.name);
      const codes = Array.from({ length: count }, (_, k) =>
        codeAlong(way.codes, model.dims, k / (count - 1)),
      );
      row.makeRoom(model, count);
      for (let first = 0; first < codes.length; first += AT_ONCE) {
        const some = codes.slice(first, first + AT_ONCE);
        const z = flat(some);
        const pictures = await this.on.decode(z, some.length);
        if (!pictures || round !== this.round) return;
        some.forEach((_, k) => row.paint(model, pixelsOf(pictures, k), first + k));
      }
    }
    this.root.dataset.drawn = round;
  }

  // As many pictures as are asked for, or as can be told apart: the ends are always among them.
  countFrames(legs) {
    const { steps } = this.found;
    const room = Math.floor(this.root.clientWidth / MIN_PICTURE_PX) - 1;
    const each = Math.max(1, Math.min(steps, Math.floor(room / legs)));
    return each * legs + 1;
  }

  way(name) {
    return this.found?.rows.find((row) => row.name === name) ?? null;
  }

  // The code at a place of a way, null where it is not known or has none.
  codeAt(name, t) {
    const way = this.way(name);
    return way ? codeAlong(way.codes, this.model.dims, t) : null;
  }

  // What is known about a place of a way, in words.
  evidence(name, t) {
    const way = this.way(name);
    if (!way) return "";
    const k = Math.round(t * (way.nearby.length - 1));
    const density = way.logDensity[k].toFixed(1).replace("-", "\u2212");
    const share = way.denserThan[k];
    const verdict =
      share < EMPTY
        ? "Unknown ground: do not trust this picture"
        : `Denser than at ${Math.round(100 * share)} % of held-out images`;
    const near = way.nearby[k].toLocaleString("en");
    return `${verdict} \u00b7 ${near} of their codes near (${this.found.usual} usual) \u00b7 log density ${density}`;
  }

  mark(name, t) {
    for (const row of this.rows.values()) row.mark(row.name === name, t);
  }
}

class Row {
  constructor(name, on) {
    this.name = name;
    const [title, what] = TITLES[name];
    this.node = element("div", "way");
    this.node.dataset.way = name;
    this.button = element("button", "text title", title);
    this.button.type = "button";
    this.button.title = what;
    this.button.addEventListener("click", () => on.choose(name, null));
    this.facts = element("span", "facts");
    this.strip = element("canvas", "pixelated waystrip");
    this.strip.setAttribute("role", "img");
    this.strip.setAttribute("aria-label", `${title}: ${what}`);
    this.band = element("canvas", "density");
    this.band.hidden = name === CROSS_FADE;
    this.cursor = element("span", "cursor");
    const head = element("div", "head");
    head.append(this.button, this.facts);
    this.track = element("div", "waytrack");
    this.track.append(this.strip, this.band, this.cursor);
    this.node.append(head, this.track);
    if (name === CROSS_FADE) this.facts.textContent = what;
    // A finger that scrolls the page presses too, but does not click.
    this.track.addEventListener("click", (event) => on.choose(name, this.placeUnder(event)));
    this.track.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") return;
      if (event.buttons) on.choose(name, this.placeUnder(event));
      else on.peek(name, this.placeUnder(event));
    });
    this.track.addEventListener("pointerleave", () => on.leave());
  }

  // Frames stand side by side: the first one's middle is the beginning, the last one's the end.
  placeUnder(event) {
    const box = this.track.getBoundingClientRect();
    const frames = this.frames ?? 2;
    const place = ((event.clientX - box.left) / box.width) * frames - 0.5;
    return Math.min(1, Math.max(0, place / (frames - 1)));
  }

  makeRoom({ width, height }, frames) {
    this.frames = frames;
    if (this.denserThan) this.drawBand(this.denserThan, (this.denserThan.length - 1) / (frames - 1));
    this.strip.width = frames * width;
    this.strip.height = height;
  }

  paint(model, pixels, k) {
    paint(this.strip, pixels, model, k * model.width, 0);
  }

  describe({ saved, latentLength, imageLength, denserThan }) {
    const share = Math.abs(100 * saved).toFixed(1);
    const bend = saved > 0 ? `${share} % shorter` : `${share} % longer`;
    const compared = Number(share) === 0 ? "" : ` (${bend} than straight)`;
    this.facts.textContent =
      `length ${latentLength.toFixed(1)} in latent space, ` +
      `${imageLength.toFixed(1)} in image space${compared}`;
    this.denserThan = denserThan;
  }

  // Height: at which share of held-out images' own places there is less data; the other colour:
  // at next to none.
  drawBand(denserThan, every) {
    const { band } = this;
    const margin = Math.round(every / 2); // as far as a strip's first picture reaches
    band.width = denserThan.length + 2 * margin;
    band.height = BAND_HEIGHT;
    const context = band.getContext("2d");
    const style = getComputedStyle(band);
    for (let x = 0; x < band.width; x++) {
      const share = denserThan[Math.min(denserThan.length - 1, Math.max(0, x - margin))];
      const height = 3 + share * (BAND_HEIGHT - 3);
      context.fillStyle = share < EMPTY ? style.accentColor : style.color;
      context.fillRect(x, BAND_HEIGHT - height, 1, height);
    }
    this.node.toggleAttribute("data-hole", denserThan.some((share) => share < EMPTY));
  }

  mark(isChosen, t) {
    this.node.toggleAttribute("data-chosen", isChosen);
    this.button.setAttribute("aria-pressed", isChosen);
    const frames = this.frames ?? 2;
    this.cursor.style.left = `${(100 * (t * (frames - 1) + 0.5)) / frames}%`;
  }
}
