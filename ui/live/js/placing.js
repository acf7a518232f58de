// Between codes and places of a map, both ways: exact on a linear map, else by neighbours.
// The same rules as vae/projections.py has.

import { boxOf, median, nearestRows } from "./near.js";
import { normals } from "./random.js";

const PLACING_NEIGHBOURS = 25;
const MIXED_NEIGHBOURS = 4;
const CLOUD = 40;
const SAME = 1e-6;

export class Placing {
  // linear: { axes, centre } or null; points of the map, and codes of the first of them.
  constructor(linear, points, codes, dims) {
    Object.assign(this, { linear, codes, dims });
    this.points = points.subarray(0, (2 * codes.length) / dims);
    const { low, high } = boxOf(this.points);
    this.side = Math.max(high[0] - low[0], high[1] - low[1]) || 1;
    if (linear) this.inverse = pseudoInverse(linear.axes);
  }

  // Where a code lies.
  place(z) {
    if (this.linear) {
      const { axes, centre } = this.linear;
      return axes.map((axis) => axis.reduce((sum, a, d) => sum + a * (z[d] - centre[d]), 0));
    }
    const near = nearestRows(this.codes, this.dims, z, PLACING_NEIGHBOURS);
    const at = ({ row }, d) => this.points[2 * row + d];
    if (near[0].distance <= SAME) return [at(near[0], 0), at(near[0], 1)];
    return [0, 1].map((d) => median(near.map((one) => at(one, d))));
  }

  // What lies at a place: a code, and how far the data are, in shares of the map's larger side.
  codeAt(x, y) {
    const near = nearestRows(this.points, 2, [x, y], MIXED_NEIGHBOURS);
    const far = near[0].distance / this.side;
    const z = new Float32Array(this.dims);
    if (this.linear) {
      for (let d = 0; d < this.dims; d++) {
        z[d] = this.inverse[d][0] * x + this.inverse[d][1] * y + this.linear.centre[d];
      }
      return { z, far };
    }
    const weights = near.map(({ distance }) => 1 / (distance + 1e-6 * this.side) ** 2);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    near.forEach(({ row }, n) => {
      for (let d = 0; d < this.dims; d++) {
        z[d] += (weights[n] / total) * this.codes[row * this.dims + d];
      }
    });
    return { z, far };
  }

  // A posterior's ellipse at one sigma, { radii, angle }: from W diag(std^2) W^T. Null where the map
  // is not linear.
  ellipse(logVar) {
    if (!this.linear || !logVar) return null;
    const { axes } = this.linear;
    const part = (i, j) =>
      axes[i].reduce((sum, a, d) => sum + a * axes[j][d] * Math.exp(logVar[d]), 0);
    return ellipseOf(part(0, 0), part(0, 1), part(1, 1));
  }

  // Where draws from a posterior lie, for maps on which it is no ellipse.
  cloud(mean, logVar) {
    if (!logVar) return [];
    return Array.from({ length: CLOUD }, (_, seed) => {
      const noise = normals(seed + 1, this.dims);
      return this.place(mean.map((value, d) => value + Math.exp(logVar[d] / 2) * noise[d]));
    });
  }
}

// The ellipse of a covariance [[a, b], [b, c]] at one sigma, its angle from the x axis.
export function ellipseOf(a, b, c) {
  const middle = (a + c) / 2;
  const spread = Math.hypot((a - c) / 2, b);
  const radii = [middle + spread, Math.max(0, middle - spread)].map(Math.sqrt);
  return { radii, angle: Math.atan2(2 * b, a - c) / 2 };
}

// The pseudo-inverse (D, 2) of two axes (2, D): W^T (W W^T)^-1; of an axis that is zero, zero.
function pseudoInverse([p, q]) {
  const dot = (u, v) => u.reduce((sum, value, d) => sum + value * v[d], 0);
  const [a, b, c] = [dot(p, p), dot(p, q), dot(q, q)];
  const determinant = a * c - b * b;
  if (determinant > 1e-12) {
    return p.map((_, d) => [
      (p[d] * c - q[d] * b) / determinant,
      (q[d] * a - p[d] * b) / determinant,
    ]);
  }
  return p.map((_, d) => [a && p[d] / a, c && q[d] / c]);
}
