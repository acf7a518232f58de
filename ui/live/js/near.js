// What lies near: on a map of many points, and among codes.

const IN_CELL = 4;

// Points in cells, so that the nearest one is found without a look at all of them.
export class Cells {
  constructor(points) {
    this.points = points;
    const count = points.length / 2;
    this.box = boxOf(points);
    const { low, high } = this.box;
    this.side = Math.max(1, Math.ceil(Math.sqrt(count / IN_CELL)));
    this.cell = [0, 1].map((d) => (high[d] - low[d]) / this.side || 1);
    this.first = new Uint32Array(this.side * this.side + 1);
    const cells = new Uint32Array(count);
    for (let k = 0; k < count; k++) {
      cells[k] = this.cellOf(points[2 * k], 0) + this.side * this.cellOf(points[2 * k + 1], 1);
      this.first[cells[k] + 1] += 1;
    }
    for (let k = 1; k < this.first.length; k++) this.first[k] += this.first[k - 1];
    const next = this.first.slice();
    this.rows = new Uint32Array(count);
    for (let k = 0; k < count; k++) this.rows[next[cells[k]]++] = k;
  }

  cellOf(value, d) {
    const place = Math.floor((value - this.box.low[d]) / this.cell[d]);
    return Math.min(this.side - 1, Math.max(0, place));
  }

  // The point nearest to a place that counts and is within reach; -1 where there is none.
  nearest(x, y, reach, counts = () => true) {
    const [[x0, x1], [y0, y1]] = [x, y].map((value, d) => [
      this.cellOf(value - reach, d),
      this.cellOf(value + reach, d),
    ]);
    let [best, distance] = [-1, reach * reach];
    for (let row = y0; row <= y1; row++) {
      for (let column = x0; column <= x1; column++) {
        const cell = row * this.side + column;
        for (let n = this.first[cell]; n < this.first[cell + 1]; n++) {
          const k = this.rows[n];
          const far = (this.points[2 * k] - x) ** 2 + (this.points[2 * k + 1] - y) ** 2;
          if (far <= distance && counts(k)) [best, distance] = [k, far];
        }
      }
    }
    return best;
  }
}

export function boxOf(points) {
  const [low, high] = [
    [Infinity, Infinity],
    [-Infinity, -Infinity],
  ];
  for (let k = 0; k < points.length; k++) {
    const d = k & 1;
    if (points[k] < low[d]) low[d] = points[k];
    if (points[k] > high[d]) high[d] = points[k];
  }
  return { low, high };
}

// The rows (of dims numbers each) nearest to a vector, nearest first: { row, distance }.
export function nearestRows(rows, dims, z, count, skip = -1) {
  const found = [];
  for (let row = 0; row * dims < rows.length; row++) {
    if (row === skip) continue;
    let far = 0;
    for (let d = 0; d < dims; d++) far += (rows[row * dims + d] - z[d]) ** 2;
    if (found.length === count && far >= found.at(-1).distance) continue;
    let place = found.length;
    while (place > 0 && found[place - 1].distance > far) place -= 1;
    found.splice(place, 0, { row, distance: far });
    if (found.length > count) found.pop();
  }
  return found.map(({ row, distance }) => ({ row, distance: Math.sqrt(distance) }));
}

// Whether a place lies within a polygon [[x, y], ...], by how often a ray crosses its sides.
export function isWithin(polygon, x, y) {
  let inside = false;
  for (let k = 0, last = polygon.length - 1; k < polygon.length; last = k++) {
    const [[x0, y0], [x1, y1]] = [polygon[k], polygon[last]];
    if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) inside = !inside;
  }
  return inside;
}

export function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
