// The page's half of the frames in ../protocol.py: 16 bytes of header, little-endian.

const VERSION = 1;
const HEADER_BYTES = 16;
const ID_BYTES = 32;
export const KIND = { hello: 0, request: 1, welcome: 2, pixels: 3, busy: 4, picture: 5, codes: 6 };

export function packHello(token) {
  const body = new TextEncoder().encode(token);
  const frame = new Uint8Array(HEADER_BYTES + body.length);
  writeHeader(frame, KIND.hello, 0, 0, 0);
  frame.set(body, HEADER_BYTES);
  return frame;
}

// z holds `count` codes one after the other; checkpoint is the model's id in hexadecimal.
export function packRequest(sequence, checkpoint, z, count) {
  const frame = newFrame(checkpoint, 4 * z.length);
  writeHeader(frame, KIND.request, z.length / count, sequence, count);
  const codes = new DataView(frame.buffer, HEADER_BYTES + ID_BYTES);
  z.forEach((value, k) => codes.setFloat32(4 * k, value, true));
  return frame;
}

// pixels (height, width, channels) uint8 of the picture to encode.
export function packPicture(sequence, checkpoint, pixels, { height, width, channels }) {
  const frame = newFrame(checkpoint, pixels.length);
  writeHeader(frame, KIND.picture, channels, sequence, 1, height, width);
  frame.set(pixels, HEADER_BYTES + ID_BYTES);
  return frame;
}

export function unpackAnswer(buffer) {
  const view = new DataView(buffer);
  const answer = { kind: view.getUint8(1), sequence: view.getUint32(4, true) };
  const [columns, count] = [view.getUint16(2, true), view.getUint16(8, true)];
  if (answer.kind === KIND.codes) {
    const codes = Float32Array.from({ length: count * columns }, (_, k) =>
      view.getFloat32(HEADER_BYTES + 4 * k, true),
    );
    return { ...answer, posterior: posteriorOf(codes, columns) };
  }
  const [height, width] = [view.getUint16(10, true), view.getUint16(12, true)];
  const pixels = new Uint8Array(buffer, HEADER_BYTES);
  return { ...answer, picture: { pixels, count, height, width, channels: columns } };
}

// A posterior from one row of numbers, or two: an autoencoder's has no variance.
export function posteriorOf(codes, dims) {
  const logVar = codes.length > dims ? codes.slice(dims) : null;
  return { mean: codes.slice(0, dims), logVar };
}

function newFrame(checkpoint, bytes) {
  const frame = new Uint8Array(HEADER_BYTES + ID_BYTES + bytes);
  for (let k = 0; k < ID_BYTES; k++) {
    frame[HEADER_BYTES + k] = parseInt(checkpoint.slice(2 * k, 2 * k + 2), 16);
  }
  return frame;
}

function writeHeader(frame, kind, columns, sequence, count, height = 0, width = 0) {
  const view = new DataView(frame.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, kind);
  view.setUint16(2, columns, true);
  view.setUint32(4, sequence, true);
  view.setUint16(8, count, true);
  view.setUint16(10, height, true);
  view.setUint16(12, width, true);
}
