// A place on the way: a scrubber, and playing by itself.

const SECONDS = 3; // from one end to the other, at speed 1

export class Player {
  // onMove(t) hears of every place, 0 to 1.
  constructor(root, onMove) {
    this.onMove = onMove;
    this.time = root.querySelector("input.time");
    this.play = root.querySelector("button.play");
    this.speed = root.querySelector("select.pace");
    this.back = root.querySelector("input.back");
    this.time.addEventListener("input", () => {
      this.stop();
      this.set(Number(this.time.value));
    });
    this.play.addEventListener("click", () => (this.isPlaying ? this.stop() : this.start()));
    this.frame = 0;
    this.direction = 1;
  }

  get isPlaying() {
    return this.frame !== 0;
  }

  get t() {
    return Number(this.time.value);
  }

  // Pictures a second of an animation at this speed.
  framesPerSecond(nodes) {
    return Math.min(60, Math.max(1, (Number(this.speed.value) * nodes) / SECONDS));
  }

  set(t) {
    this.time.value = t;
    this.onMove(t);
  }

  start() {
    if (this.t >= 1) this.set(0);
    this.direction = 1;
    this.show(true);
    let before = performance.now();
    const step = (now) => {
      const gone = ((now - before) / 1000 / SECONDS) * Number(this.speed.value);
      before = now;
      this.frame = requestAnimationFrame(step);
      this.advance(this.t + this.direction * Math.max(0, gone));
    };
    this.frame = requestAnimationFrame(step);
  }

  // At an end it turns round, or begins anew.
  advance(t) {
    if (t > 1 || t < 0) this.direction = this.back.checked ? -this.direction : 1;
    const turned = this.back.checked ? Math.min(1, Math.max(0, t)) : t % 1;
    this.set(t > 1 || t < 0 ? turned : t);
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.show(false);
  }

  show(plays) {
    this.play.textContent = plays ? "Pause" : "Play";
    this.play.setAttribute("aria-pressed", plays);
  }
}
