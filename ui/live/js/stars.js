// The visitor's own pictures on the map: each a star with its posterior, and how unusual it is.

import { nearestRows } from "./near.js";

const VOTES = 25;
const MOST = 24;
// What was on the map, by model: pages come and go.
const starsOf = new Map();

export class Stars {
  // on.place(z) gives where a code lies, on.ask(z) has Python weigh one and returns the
  // question's number.
  constructor(on) {
    this.on = on;
  }

  take(model, codes, labels) {
    Object.assign(this, { model, codes, labels });
    this.all = starsOf.get(model.id) ?? [];
    starsOf.set(model.id, this.all);
    for (const star of this.all) star.place = this.on.place(star.mean);
  }

  // A picture and its posterior; one that is drawn on takes the place of what it was before.
  add({ mean, logVar, pixels, what, of = null }) {
    const star = { mean, logVar, pixels, of, place: this.on.place(mean), note: this.votes(mean) };
    const known = of === null ? -1 : this.all.findIndex((one) => one.of === of);
    star.what = known < 0 ? `${what} ${this.all.length + 1}` : this.all[known].what;
    if (known < 0) this.all.push(star);
    else this.all[known] = star;
    if (this.all.length > MOST) this.all.shift();
    this.weigh(star);
    return star;
  }

  clear() {
    this.all.length = 0;
  }

  // What its neighbours in latent space are.
  votes(mean) {
    const { label, names } = this.labels;
    if (!label || names.length < 2) return "";
    const counts = new Map();
    const near = nearestRows(this.codes, this.model.dims, mean, VOTES);
    for (const { row } of near) counts.set(label[row], (counts.get(label[row]) ?? 0) + 1);
    const [best, votes] = [...counts].sort((a, b) => b[1] - a[1])[0];
    return `${votes} of its ${near.length} nearest neighbours in latent space have the label ${names[best]}.`;
  }

  weigh(star) {
    star.sequence = this.on.ask(Array.from(star.mean));
  }

  // Python's answer about one of them; the star, if it is still there.
  receive({ sequence, error, words }) {
    const star = this.all?.find((one) => one.sequence === sequence);
    if (star) star.unusual = error || words;
    return star;
  }

  // The star at a place, within reach.
  at(x, y, reach) {
    const far = (star) => Math.hypot(star.place[0] - x, star.place[1] - y);
    return this.all?.filter((star) => far(star) <= reach).sort((a, b) => far(a) - far(b))[0];
  }
}

export function sayOf(star) {
  return [star.note, star.unusual].filter(Boolean).join(" ");
}
