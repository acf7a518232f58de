// The model picker: a tile a model with pictures it draws; native radio buttons underneath.

import { element } from "./dom.js";

const shelves = new WeakMap();

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  const list = parentElement.querySelector(".shelf");
  const seen = JSON.stringify(data.models);
  if (shelves.get(parentElement) !== seen) {
    shelves.set(parentElement, seen);
    list.replaceChildren(...data.models.map((model) => tile(model)));
  }
  for (const input of list.querySelectorAll("input")) {
    input.checked = input.value === data.chosen;
    input.onchange = () => setStateValue("name", input.value);
  }
  nameInAddress(data.parameter, data.chosen);
}

// Every view has an address that restores it.
function nameInAddress(parameter, name) {
  const address = new URL(location.href);
  if (address.searchParams.has(parameter)) return;
  address.searchParams.set(parameter, name);
  history.replaceState(history.state, "", address);
}

function tile({ name, title, line, picture }) {
  const label = element("label", "tile");
  const input = element("input");
  input.type = "radio";
  input.name = "model";
  input.value = name;
  const image = element("img");
  image.src = picture;
  image.alt = "";
  const text = element("span", "text");
  text.append(element("span", "title", title), element("span", "line", line));
  label.append(input, image, text);
  return label;
}
