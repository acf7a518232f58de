// Small helpers around elements and numbers.

export function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

// Make what a component shows at its first run, and tell it of every later one: make(parentElement)
// gives something with update(data, setStateValue), and close() where there is anything to close.
// Streamlit also cleans up runs that a newer one has overtaken, while the elements stay: only what
// has left the page is closed.
export function mount(shown, { parentElement, data, setStateValue }, make) {
  if (!shown.has(parentElement)) shown.set(parentElement, make(parentElement));
  const page = shown.get(parentElement);
  page.update(data, setStateValue);
  const close = () => {
    if (!parentElement.isConnected && shown.delete(parentElement)) page.close?.();
  };
  return () => setTimeout(close);
}

// A number with a true minus sign, and no minus before a rounded zero.
export function format(value, digits = 2) {
  return value.toFixed(digits).replace(/^-(?=.*[1-9])/, "\u2212").replace(/^-/, "");
}
