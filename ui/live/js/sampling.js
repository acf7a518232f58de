// Noise: seeded draws from the prior and from the posterior of the last picture, and a wiggle.

import { drawFrom, normals } from "./random.js";
import { Wiggle } from "./wiggle.js";

export class Sampling {
  // on.moveTo(z, what) travels there, on.leaveFor(z, what) too, away from the posterior;
  // on.follow(z, what) is there at once.
  constructor(root, on) {
    this.on = on;
    this.ofPosterior = root.querySelector(".posterior");
    this.toggle = root.querySelector("button.wiggle");
    this.randomise = root.querySelector("button.randomise");
    this.wiggle = new Wiggle((z) => on.follow(z, "samples of q(z|x)"));
    this.randomise.addEventListener("click", () => this.drawPrior());
    root.querySelector("button.sample").addEventListener("click", () => this.drawPosterior());
    this.toggle.addEventListener("click", () => this.turn());
  }

  take(model) {
    this.dims = model.dims;
    this.seeds = { prior: 0, posterior: 0 };
    this.randomise.hidden = !model.prior;
    this.hold(null);
  }

  // The posterior to draw from, null where there is none; an autoencoder's has no variance.
  hold(posterior) {
    this.stop();
    this.posterior = posterior?.logVar ? posterior : null;
    this.ofPosterior.hidden = this.posterior === null;
  }

  drawPrior() {
    this.seeds.prior += 1;
    const z = normals(this.seeds.prior, this.dims);
    this.on.leaveFor(z, `a draw from the prior, seed ${this.seeds.prior}`);
  }

  drawPosterior() {
    this.seeds.posterior += 1;
    const z = drawFrom(this.posterior, this.seeds.posterior);
    this.on.moveTo(z, `a draw from q(z|x), seed ${this.seeds.posterior}`);
  }

  turn() {
    if (this.wiggle.isUnderWay) return this.stop();
    this.wiggle.start(this.posterior);
    this.toggle.setAttribute("aria-pressed", true);
  }

  stop() {
    this.wiggle.stop();
    this.toggle.setAttribute("aria-pressed", false);
  }
}
