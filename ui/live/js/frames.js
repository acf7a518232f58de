// The page's half of the frames in ../protocol.py: 16 bytes of header, little-endian.

const VERSION = 1;
const HEADER_BYTES = 16;
const ID_BYTES = 32;
export const KIND = { hello: 0, request: 1, welcome: 2, pixels: 3, busy: 4 };

export function packHello(token) {
  const body = new TextEncoder().encode(token);
  const frame = new Uint8Array(HEADER_BYTES + body.length);
  writeHeader(frame, KIND.hello, 0, 0, 0);
  frame.set(body, HEADER_BYTES);
  return frame;
}

// z holds `count` codes one after the other; checkpoint is the model's id in hexadecimal.
export function packRequest(sequence, checkpoint, z, count) {
  const frame = new Uint8Array(HEADER_BYTES + ID_BYTES + 4 * z.length);
  writeHeader(frame, KIND.request, z.length / count, sequence, count);
  for (let k = 0; k < ID_BYTES; k++) {
    frame[HEADER_BYTES + k] = parseInt(checkpoint.slice(2 * k, 2 * k + 2), 16);
  }
  const codes = new DataView(frame.buffer, HEADER_BYTES + ID_BYTES);
  z.forEach((value, k) => codes.setFloat32(4 * k, value, true));
  return frame;
}

export function unpackAnswer(buffer) {
  const view = new DataView(buffer);
  return {
    kind: view.getUint8(1),
    channels: view.getUint16(2, true),
    sequence: view.getUint32(4, true),
    count: view.getUint16(8, true),
    height: view.getUint16(10, true),
    width: view.getUint16(12, true),
    pixels: new Uint8Array(buffer, HEADER_BYTES),
  };
}

function writeHeader(frame, kind, dims, sequence, count) {
  const view = new DataView(frame.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, kind);
  view.setUint16(2, dims, true);
  view.setUint32(4, sequence, true);
  view.setUint16(8, count, true);
}
