// Which engine decodes: the server's socket where it opens, reruns of a fragment otherwise.

import { addressOf } from "./data.js";
import { RerunEngine, ServerEngine } from "./engines.js";

const MAX_LOSSES = 3;

export class Connection {
  // ask(question) sends a question to Python; onEngine(engine) hears of every change.
  constructor(ask, onEngine) {
    this.ask = ask;
    this.onEngine = onEngine;
    this.engine = null;
    this.losses = 0;
  }

  // path is the socket's below the app's address, empty where the host has no routes.
  async open(path, token) {
    this.path = path;
    this.token = token;
    this.isOpening = true;
    const socket = await this.openSocket();
    this.isOpening = false;
    if (this.isClosed) socket?.close();
    else if (socket || !this.engine) this.use(socket ?? new RerunEngine(this.ask));
  }

  async openSocket() {
    if (!this.path || this.losses > MAX_LOSSES) return null;
    try {
      return await ServerEngine.open(addressOf(this.path), this.token, () => this.lose());
    } catch {
      return null;
    }
  }

  use(engine) {
    this.engine?.close();
    this.engine = engine;
    this.onEngine(engine);
  }

  // The socket has gone: look for it again, and go on through reruns if it does not come back.
  lose() {
    if (this.isClosed) return;
    this.losses += 1;
    this.engine = null;
    this.open(this.path, this.token);
  }

  // Python has a newer token: the shelf has changed, the old one was about to expire, or this is
  // another server than before.
  renew(path, token) {
    this.losses = 0;
    if (this.engine?.renew) this.engine.renew(token);
    else if (!this.isOpening) this.open(path, token);
    this.token = token;
  }

  close() {
    this.isClosed = true;
    this.engine?.close();
  }
}
