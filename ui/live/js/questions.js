// What a page asks Python through its component's state. A press elsewhere, or a step back in the
// browser's history, may lead to another page or model, and where a question meets that on its way
// Streamlit stays with this one: questions wait.

// How long after a press elsewhere the page may still be on its way to another.
export const PRESS_MS = 800;
const RELEASE_MS = 1000;

export class Questions {
  // set(name, value) sets the component's state.
  constructor(root, set) {
    this.set = set;
    this.pressed = -Infinity;
    this.timers = new Map();
    this.listening = new AbortController();
    const options = { capture: true, signal: this.listening.signal };
    document.addEventListener(
      "pointerdown",
      (event) => {
        if (!event.composedPath().includes(root)) this.pressed = performance.now();
      },
      options,
    );
    window.addEventListener("popstate", () => (this.pressed = performance.now()), options);
  }

  ask(name, value) {
    this.send(name, value, Math.max(0, this.pressed + PRESS_MS - performance.now()));
  }

  // An answer was taken: what came with it need not travel again. There is no hurry.
  release(name) {
    this.send(name, null, RELEASE_MS);
  }

  // The newest question of a name takes the place of one that still waits.
  send(name, value, delay) {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
    if (delay === 0) this.set(name, value);
    else this.timers.set(name, setTimeout(() => this.ask(name, value), delay));
  }

  close() {
    this.listening.abort();
    for (const timer of this.timers.values()) clearTimeout(timer);
  }
}
