// Which engine decodes. The server's socket first, or reruns of a fragment where there is none;
// the page's own engine as soon as it is there, unless the server is faster or the visitor
// prefers it.

import { BrowserEngine, engineArrives } from "./browser.js";
import { addressOf, socketAddressOf } from "./data.js";
import { RerunEngine, ServerEngine } from "./engines.js";
import { Median } from "./statistics.js";

const MAX_LOSSES = 3;
// Within a frame of the screen nobody sees who is faster, and the page costs the server nothing.
const FRAME_MS = 16;
const WISH = "latent-engine";

export class Connection {
  // ask(question) sends a question to Python; onEngine(engine) hears of every change, onNote(note)
  // of what is going on.
  constructor(ask, onEngine, onNote) {
    this.ask = ask;
    this.onEngine = onEngine;
    this.onNote = onNote;
    this.engine = null;
    this.server = null;
    this.browser = null;
    this.losses = 0;
    this.serverTimes = new Median();
    this.wish = readWish();
  }

  // settings: { socket, token, engine, graph }, paths below the app's address, empty where the
  // host has no routes. z is a code of the model to try the engine with.
  open(settings, model, z) {
    this.settings = settings;
    this.openServer();
    this.take(settings, model, z);
  }

  // Take up a model: the page's engine must load its graph, the server knows it already.
  async take(settings, model, z) {
    this.settings = settings;
    this.model = model;
    this.browser = null;
    this.serverTimes.clear();
    this.onNote("");
    this.choose();
    const isWanted = () => !this.isClosed && this.model === model && this.wish !== "server";
    if (!settings.engine || !isWanted()) return;
    try {
      const browser = await this.openBrowser(model, isWanted);
      if (!browser) return;
      browser.pace = await browser.measure(z);
      if (!isWanted()) return;
      this.browser = browser;
      this.onNote("");
      this.choose();
    } catch {
      if (isWanted()) this.onNote("the browser engine could not start");
    }
  }

  async openBrowser(model, isWanted) {
    const { engine, graph } = this.settings;
    const base = addressOf(engine);
    const onWait = () => this.onNote("fetching the browser engine");
    const state = await engineArrives(base, isWanted, onWait);
    const token = () => this.settings.token;
    if (state === "ready") return BrowserEngine.open(base, addressOf(graph), model, token);
    if (state.startsWith("failed")) this.onNote("the browser engine could not be fetched");
    return null;
  }

  // The visitor's own choice: "automatic", "browser" or "server".
  prefer(wish, z) {
    this.wish = wish;
    writeWish(wish);
    if (!this.browser && wish !== "server") this.take(this.settings, this.model, z);
    else this.choose();
  }

  choose() {
    const best = this.isBrowserBest() ? this.browser : this.server;
    if (best === this.engine) return;
    this.engine = best;
    if (best) this.onEngine(best);
  }

  isBrowserBest() {
    if (!this.browser || this.wish === "server") return false;
    if (!this.server || this.wish === "browser") return true;
    return this.browser.pace <= Math.max(FRAME_MS, this.serverTimes.value ?? 0);
  }

  // How long a picture took.
  time(engine, milliseconds) {
    if (engine === this.server) this.serverTimes.add(milliseconds);
  }

  // The page's engine failed in the middle of its work: the server goes on.
  drop(engine) {
    if (!engine || engine !== this.browser) return;
    this.browser = null;
    this.onNote("the browser engine has failed");
    this.choose();
  }

  async openServer() {
    this.isOpening = true;
    const socket = await this.openSocket();
    this.isOpening = false;
    if (this.isClosed) {
      socket?.close();
    } else if (socket || !this.server) {
      this.server?.close();
      this.server = socket ?? new RerunEngine(this.ask);
      this.choose();
    }
  }

  async openSocket() {
    const { socket, token } = this.settings;
    if (!socket || this.losses > MAX_LOSSES) return null;
    try {
      return await ServerEngine.open(socketAddressOf(socket), token, () => this.lose());
    } catch {
      return null;
    }
  }

  // The socket has gone: look for it again, and go on through reruns if it does not come back.
  lose() {
    if (this.isClosed) return;
    this.losses += 1;
    this.server = null;
    this.choose();
    this.openServer();
  }

  // Python has a newer token: the shelf has changed, the old one was about to expire, or this is
  // another server than before.
  renew(settings) {
    this.settings = settings;
    this.losses = 0;
    if (this.server?.renew) this.server.renew(settings.token);
    else if (!this.isOpening) this.openServer();
  }

  close() {
    this.isClosed = true;
    this.server?.close();
  }
}

// The choice outlives the page, where the browser lets pages keep anything.
function readWish() {
  try {
    return localStorage.getItem(WISH) ?? "automatic";
  } catch {
    return "automatic";
  }
}

function writeWish(wish) {
  try {
    localStorage.setItem(WISH, wish);
  } catch {
    // It then holds for this page only.
  }
}
