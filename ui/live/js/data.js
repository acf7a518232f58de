// Arrays travel from Python as Arrow tables of one column, without copying.

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
