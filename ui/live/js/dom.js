// Small helpers around elements and numbers.

export function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

// A number with a true minus sign, and no minus before a rounded zero.
export function format(value, digits = 2) {
  return value.toFixed(digits).replace(/^-(?=.*[1-9])/, "\u2212").replace(/^-/, "");
}
