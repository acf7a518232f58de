// A map's columns: from a route of ours as plain bytes where the host has routes, else with the
// component's data.

import { addressOf, columnOf } from "./data.js";

const KINDS = { label: Uint8Array, index: Int32Array };
const LATE = 404;

export class Columns {
  // data is the component's; token() gives the newest token; on.ask(name) has Python send a column
  // where there are no routes, on.lost() hears that the server has forgotten this map.
  constructor(data, token, on) {
    this.map = data.map;
    this.token = token;
    this.on = on;
    this.known = new Map();
    this.waiting = new Map();
    this.receive(data);
  }

  // A column as a typed array; null where it cannot be had.
  async get(name) {
    if (!this.known.has(name)) this.known.set(name, this.fetch(name));
    const column = await this.known.get(name);
    if (!column) this.known.delete(name);
    return column;
  }

  fetch(name) {
    if (this.map.address) return this.load(name);
    return new Promise((resolve) => {
      this.waiting.set(name, resolve);
      this.on.ask(name);
    });
  }

  async load(name) {
    const headers = { Authorization: `Bearer ${this.token()}` };
    try {
      const answer = await fetch(addressOf(`${this.map.address}/${name}`), { headers });
      if (answer.status === LATE) this.on.lost();
      if (!answer.ok) return null;
      return new (KINDS[name] ?? Float32Array)(await answer.arrayBuffer());
    } catch {
      return null; // the server has gone; a later look may find it again
    }
  }

  // What came with the component's data.
  receive(data) {
    if (data.map.key !== this.map.key) return;
    for (const name of data.map.sent) {
      const column = columnOf(data[`map_${name}`]);
      this.waiting.get(name)?.(column);
      this.waiting.delete(name);
      this.known.set(name, column);
    }
  }
}
