// The map as a page shows it, alone: its canvases, its colours and its columns over HTTP.

import { Colouring } from "./colouring.js";
import { Columns } from "./mapdata.js";
import { Scatter } from "./scatter.js";

const nothing = () => {};

// map is { key, address, count, names, colours }; gives { draw } once the points are in view.
globalThis.showOurs = async (map, token) => {
  const page = document.querySelector("template").content;
  for (const part of [".sheet", ".key"]) document.body.append(page.querySelector(part));
  const on = { peek: nothing, leave: nothing, take: nothing, choose: nothing };
  Object.assign(on, { view: nothing, behind: nothing, over: nothing });
  const scatter = new Scatter(document.querySelector(".sheet"), on);
  const colouring = new Colouring(document.querySelector(".key"), nothing);
  const columns = new Columns({ map: { ...map, sent: [] } }, () => token, {});
  const [points, label] = await Promise.all(["points", "label"].map((name) => columns.get(name)));
  scatter.take(points);
  scatter.fit();
  colouring.byLabel(label, map.names, map.colours, map.count);
  scatter.paint(colouring.shown, colouring.palette);
  // Another view each time, drawn at once.
  const draw = (share) => {
    const { x, y } = scatter.view;
    scatter.look(x, y, scatter.whole * share);
    scatter.drawNow();
    scatter.dots.getContext("2d").getImageData(0, 0, 1, 1);
  };
  return { draw, canvas: () => scatter.dots, columns: [points, label] };
};
