// Arrays travel from Python as Arrow tables of one column, without copying.

import { Examples } from "./examples.js";

export function columnOf(table) {
  return table ? table.getChildAt(0).toArray() : null;
}

// Streamlit's own scripts tell where the app is mounted, whatever prefix or proxy is before it.
export function addressOf(path) {
  const script = document.querySelector('script[src*="static/js/"]');
  const base = script ? script.src.split("static/js/")[0] : `${location.origin}/`;
  return base + path;
}

export function socketAddressOf(path) {
  return addressOf(path).replace(/^http/, "ws");
}

// Held-out codes for the k-th plane of the page, as flat arrays.
export function planeCodesOf(data, k = 0) {
  const [mean, logVar, label] = ["mean", "logVar", "label"].map((name) =>
    columnOf(data[`plane_${name}${k}`]),
  );
  return { mean, logVar, label, ...data.planes[k] };
}

export function examplesOf(data) {
  const [mean, logVar] = [columnOf(data.examples), columnOf(data.examplesLogVar)];
  return new Examples({ mean, logVar, labels: data.labels, dims: data.model.dims });
}

// The held-out images themselves, where they are here, and what Python says about them.
export function originalsOf(data) {
  return { ...data.originals, pixels: columnOf(data.originalsPixels) };
}

// The ways that Python found, each with its codes and what is known about them.
export function waysOf({ ways, ...data }) {
  const rows = ways.rows.map((row, k) => {
    const [codes, logDensity, denserThan, nearby] = [
      "codes",
      "logDensity",
      "denserThan",
      "nearby",
    ].map((name) => columnOf(data[`ways_${name}${k}`]));
    return { ...row, codes, logDensity, denserThan, nearby };
  });
  return { ...ways, rows };
}
