// Moving from one code to another in a straight line, so that no picture jumps.

export class Travel {
  constructor(onMove) {
    this.onMove = onMove;
    this.frame = 0;
  }

  get isUnderWay() {
    return this.frame !== 0;
  }

  start(from, to, milliseconds, onArrival) {
    this.stop();
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) milliseconds = 0;
    const began = performance.now();
    const step = (now) => {
      const t = milliseconds ? Math.min(1, Math.max(0, (now - began) / milliseconds)) : 1;
      const eased = t * t * (3 - 2 * t);
      this.frame = t < 1 ? requestAnimationFrame(step) : 0;
      this.onMove(t < 1 ? from.map((value, k) => value + eased * (to[k] - value)) : to.slice());
      if (t === 1) onArrival();
    };
    this.frame = requestAnimationFrame(step);
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }
}
