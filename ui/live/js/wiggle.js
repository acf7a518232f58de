// Samples of a posterior, one flowing into the next, so that one sees what the encoder leaves open.

import { drawFrom } from "./random.js";

const STEP_MS = 900;

export class Wiggle {
  constructor(onMove) {
    this.onMove = onMove;
    this.frame = 0;
  }

  get isUnderWay() {
    return this.frame !== 0;
  }

  start(posterior) {
    this.stop();
    const began = performance.now();
    const { mean } = posterior;
    const away = (seed) => drawFrom(posterior, seed).map((value, k) => value - mean[k]);
    const step = (now) => {
      this.frame = requestAnimationFrame(step);
      const t = Math.max(0, now - began) / STEP_MS;
      const seed = Math.floor(t);
      if (seed !== this.seed) [this.seed, this.from, this.to] = [seed, away(seed), away(seed + 1)];
      // On an arc between two draws the spread stays that of the posterior.
      const angle = ((t - seed) * Math.PI) / 2;
      const [near, far] = [Math.cos(angle), Math.sin(angle)];
      this.onMove(mean.map((value, k) => value + near * this.from[k] + far * this.to[k]));
    };
    this.frame = requestAnimationFrame(step);
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.seed = undefined;
  }
}
