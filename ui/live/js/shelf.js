// The model picker: a tile a model with pictures it draws; native radio buttons underneath.

import { isInAddress, keepInAddress } from "./address.js";
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
  if (!isInAddress(data.parameter)) keepInAddress(data.parameter, data.chosen);
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
