// Codes between codes. Several codes lie one after the other in one array, dims numbers each.

// The code at a share t, 0 to 1, of the way through all of the codes.
export function codeAlong(codes, dims, t) {
  const last = codes.length / dims - 1;
  const place = Math.min(1, Math.max(0, t)) * last;
  const k = Math.min(last - 1, Math.floor(place));
  const share = place - k;
  const [from, to] = [k, k + 1].map((row) => codes.subarray(row * dims, (row + 1) * dims));
  // The ends themselves, not what rounding makes of them.
  if (share === 0 || share === 1) return (share ? to : from).slice();
  return from.map((value, d) => value + share * (to[d] - value));
}

// The corners of the way that is taken: three and more are gone round, back to the first.
export function closed(corners) {
  return corners.length > 2 ? [...corners, corners[0]] : corners;
}

export function flat(codes) {
  return Float32Array.from(codes.flatMap((code) => Array.from(code)));
}

export function weighted(codes, weights) {
  return codes[0].map((_, d) => codes.reduce((sum, code, k) => sum + weights[k] * code[d], 0));
}

// What each corner counts at a place of the pad, 0 to 1 from the left and from the top: of three
// corners the first is at the top, the others at the bottom; of four two are at the top.
export function weightsAt([x, y], count) {
  if (count === 4) return [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
  const share = y > 0 ? Math.min(1, Math.max(0, (x - (1 - y) / 2) / y)) : 0.5;
  return [1 - y, y * (1 - share), y * share];
}

export function combined(a, b, c) {
  return a.map((value, d) => value - b[d] + c[d]);
}

export function moved(z, direction, strength) {
  return z.map((value, d) => value + strength * direction[d]);
}

// Pictures (count + 1) that fade from one (H, W, C) bytes into the next of several.
export function faded(pictures, steps) {
  const frames = [];
  for (let leg = 0; leg + 1 < pictures.length; leg++) {
    const [from, to] = [pictures[leg], pictures[leg + 1]];
    for (let k = 0; k < steps; k++) {
      frames.push(from.map((value, p) => Math.round(value + (k / steps) * (to[p] - value))));
    }
  }
  return [...frames, pictures.at(-1)];
}

// The codes of an address, "0.5,-1;2,0", as arrays; null where the text is anything else.
export function parseCodes(text, dims, most) {
  const codes = text.split(";").map((part) => Float32Array.from(part.split(",").map(parseNumber)));
  const fits = codes.every((code) => code.length === dims && code.every(Number.isFinite));
  return fits && codes.length >= 2 && codes.length <= most ? codes : null;
}

function parseNumber(text) {
  return text.trim() === "" || Math.abs(Number(text)) > 1e6 ? NaN : Number(text);
}

export function formatCodes(codes, digits) {
  const number = (value) => Number(value.toFixed(digits));
  return codes.map((code) => Array.from(code, number).join(",")).join(";");
}
