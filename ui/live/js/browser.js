// The model itself in the page, run by onnxruntime-web: no way to the server and back.

const LOADER = "ort.wasm.bundle.min.mjs";
const WASM = "ort-wasm-simd-threaded.wasm";
const ASK_AGAIN_MS = 1500;
const MAX_SESSIONS = 4;
const TRIALS = 5;

// Shared by all components of the page, and by what Streamlit makes anew when a page is switched.
const shared = (globalThis.latentEngine ??= { runtime: null, sessions: new Map() });

// Wait while the server fetches the engine's files; return what came of it.
export async function engineArrives(base, isWanted, onWait) {
  for (;;) {
    const { state } = await fetch(base).then((answer) => answer.json());
    if (state !== "fetching" || !isWanted()) return state;
    onWait();
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

function openRuntime(base) {
  shared.runtime ??= start(base).catch((error) => {
    shared.runtime = null;
    throw error;
  });
  return shared.runtime;
}

async function start(base) {
  const runtime = await import(`${base}/${LOADER}`);
  runtime.env.wasm.wasmPaths = { wasm: `${base}/${WASM}` };
  runtime.env.wasm.numThreads = 1; // more would need headers that keep other pages from embedding
  return runtime;
}

// One session a graph; the oldest one goes where there are many.
function openSession(runtime, address, token) {
  let session = shared.sessions.get(address);
  shared.sessions.delete(address);
  session ??= load(runtime, address, token).catch((error) => {
    shared.sessions.delete(address);
    throw error;
  });
  shared.sessions.set(address, session);
  for (const [oldest, old] of shared.sessions) {
    if (shared.sessions.size <= MAX_SESSIONS) break;
    shared.sessions.delete(oldest);
    old.then((unused) => unused.release()).catch(() => {});
  }
  return session;
}

async function load(runtime, address, token) {
  const response = await fetch(address, { headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`the graph cannot be had: ${response.status}`);
  const graph = new Uint8Array(await response.arrayBuffer());
  return runtime.InferenceSession.create(graph, { executionProviders: ["wasm"] });
}

export class BrowserEngine {
  name = "browser";

  // base and graph are addresses; token() gives the newest token, which opens the graphs.
  static async open(base, graph, model, token) {
    const runtime = await openRuntime(base);
    const openGraph = (name) => openSession(runtime, `${graph}/${name}.onnx`, token());
    return new BrowserEngine(runtime, await openGraph("decoder"), openGraph, model);
  }

  constructor(runtime, decoder, openGraph, model) {
    this.runtime = runtime;
    this.decoder = decoder;
    this.openGraph = openGraph;
    this.model = model;
  }

  async decode(model, z, count) {
    if (model.id !== this.model.id) throw new Error("another model");
    const codes = new this.runtime.Tensor("float32", z, [count, z.length / count]);
    const { x } = await this.decoder.run({ z: codes });
    const [, channels, height, width] = x.dims;
    const pixels = toBytes(x.data, count, channels, height * width);
    return { pixels, count, height, width, channels };
  }

  // The encoder is loaded when there is a picture for it.
  async encode(model, pixels) {
    if (model.id !== this.model.id) throw new Error("another model");
    const encoder = await this.openGraph("encoder");
    const shape = [1, model.channels, model.height, model.width];
    const x = new this.runtime.Tensor("float32", toValues(pixels, model), shape);
    const { mean, log_var: logVar } = await encoder.run({ x });
    return { mean: mean.data, logVar: logVar ? logVar.data : null };
  }

  // Milliseconds a picture: the median of a few, after one that warms up.
  async measure(z) {
    const times = [];
    for (let k = 0; k <= TRIALS; k++) {
      const began = performance.now();
      await this.decode(this.model, z, 1);
      times.push(performance.now() - began);
    }
    return times.slice(1).sort((a, b) => a - b)[TRIALS >> 1];
  }

  close() {}
}

// Values in [0, 1], colour by colour, to bytes pixel by pixel.
function toBytes(values, count, channels, size) {
  const pixels = new Uint8Array(values.length);
  for (let n = 0; n < count; n++) {
    const first = n * channels * size;
    for (let c = 0; c < channels; c++) {
      for (let k = 0; k < size; k++) {
        pixels[first + k * channels + c] = Math.round(255 * values[first + c * size + k]);
      }
    }
  }
  return pixels;
}

// Bytes pixel by pixel to values in [0, 1] colour by colour.
function toValues(pixels, { channels }) {
  const size = pixels.length / channels;
  return Float32Array.from(pixels, (_, k) => pixels[(k % size) * channels + Math.floor(k / size)] / 255);
}
