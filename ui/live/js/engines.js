// What turns codes into pixels and pictures into codes. Every engine has
//   name                      shown to the visitor and to tests
//   decode(model, z, count)   a promise of { pixels, count, height, width, channels }
//   encode(model, pixels)     a promise of { mean, logVar }, logVar null for an autoencoder
//   close()
// and is asked for one thing at a time; `Decoding` sees to that.

import { KIND, packHello, packPicture, packRequest, posteriorOf, unpackAnswer } from "./frames.js";

// A host without sockets refuses at once; a busy server may take its time.
const OPEN_WITHIN_MS = 4000;
const ANSWER_WITHIN_MS = 15000;
const RETRY_AFTER_MS = 60;

// The server's own socket: torch decodes, Streamlit's script takes no part.
export class ServerEngine {
  name = "server";

  static open(address, token, onLost) {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(address);
      socket.binaryType = "arraybuffer";
      const timer = setTimeout(() => socket.close(), OPEN_WITHIN_MS);
      socket.onopen = () => socket.send(packHello(token));
      socket.onclose = () => reject(new Error("the socket does not open"));
      socket.onmessage = () => {
        clearTimeout(timer);
        resolve(new ServerEngine(socket, onLost));
      };
    });
  }

  constructor(socket, onLost) {
    this.socket = socket;
    this.sequence = 0;
    this.pending = null;
    socket.onmessage = (event) => this.receive(unpackAnswer(event.data));
    socket.onclose = () => {
      this.pending?.reject(new Error("the socket has closed"));
      onLost();
    };
  }

  // Show a newer token: the shelf may have changed.
  renew(token) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(packHello(token));
  }

  async decode(model, z, count) {
    const answer = await this.ask((sequence) => packRequest(sequence, model.id, z, count));
    return answer.picture;
  }

  async encode(model, pixels) {
    const answer = await this.ask((sequence) => packPicture(sequence, model.id, pixels, model));
    return answer.posterior;
  }

  ask(pack) {
    this.sequence += 1;
    const frame = pack(this.sequence);
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject, frame };
      this.send(frame);
    });
  }

  // A page that is being left may still ask for something; its socket has gone already.
  send(frame) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(frame);
    else this.pending?.reject(new Error("the socket has closed"));
  }

  receive(answer) {
    if (!this.pending || answer.sequence !== this.sequence) return;
    if (answer.kind === KIND.busy) {
      const { frame } = this.pending;
      setTimeout(() => this.pending?.frame === frame && this.send(frame), RETRY_AFTER_MS);
    } else if (answer.kind !== KIND.welcome) {
      const { resolve } = this.pending;
      this.pending = null;
      resolve(answer);
    }
  }

  close() {
    this.socket.onclose = null;
    this.socket.close();
    this.pending?.reject(new Error("closed"));
  }
}

// For hosts that give no routes: the component's state goes to Python, a fragment runs again,
// and the pixels come back with the component's data.
export class RerunEngine {
  name = "rerun";

  constructor(ask) {
    this.ask = ask;
    // Python may hold the state of an earlier visit to this page: never reuse its numbers.
    this.sequence = Date.now();
    this.pending = null;
  }

  async decode(model, z, count) {
    const pixels = await this.put({ model: model.id, count, z: Array.from(z) });
    return { pixels, count, height: model.height, width: model.width, channels: model.channels };
  }

  async encode(model, pixels) {
    const codes = await this.put({ model: model.id, pixels: Array.from(pixels) });
    return posteriorOf(codes, model.dims);
  }

  put(question) {
    this.sequence += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no answer")), ANSWER_WITHIN_MS);
      this.pending = { timer, resolve, reject };
      this.ask({ sequence: this.sequence, ...question });
    });
  }

  deliver(sequence, numbers) {
    if (!this.pending || sequence !== this.sequence) return;
    const { timer, resolve } = this.pending;
    this.pending = null;
    clearTimeout(timer);
    resolve(numbers);
  }

  close() {
    clearTimeout(this.pending?.timer);
    this.pending?.reject(new Error("closed"));
  }
}

// One request in flight, the newest one next, those in between forgotten.
export class Newest {
  constructor(work) {
    this.work = work;
    this.next = null;
    this.busy = false;
  }

  async want(item) {
    this.next = item;
    if (this.busy) return;
    this.busy = true;
    while (this.next !== null) {
      const current = this.next;
      this.next = null;
      await this.work(current);
    }
    this.busy = false;
  }
}
