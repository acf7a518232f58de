// Small helpers around elements and numbers.

export function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

// A component's cleanup. Streamlit also cleans up runs that a newer one has overtaken, while the
// elements stay where they are: only what has left the page is closed.
export function whenGone(parent, close) {
  return () => setTimeout(() => parent.isConnected || close());
}

// A number with a true minus sign, and no minus before a rounded zero.
export function format(value, digits = 2) {
  return value.toFixed(digits).replace(/^-(?=.*[1-9])/, "\u2212").replace(/^-/, "");
}
