// Sums of codes: A - B + C, and directions that stand for something.

import { combined, moved } from "./codes.js";
import { element } from "./dom.js";
import { paint, pixelsOf, thumbnail } from "./picture.js";

const GROUPS = ["present", "absent"];
const SIGNS = { present: "+", absent: "\u2212" };

export class Arithmetic {
  // on.corners() gives the codes, on.current() the chosen corner's; on.show(z, what) shows a code;
  // on.ask(question) reaches Python, on.decode(codes, count) makes pictures.
  constructor(root, on) {
    this.root = root;
    this.on = on;
    const find = (selector) => root.querySelector(selector);
    this.sum = find("button.sum");
    this.sum.addEventListener("click", () => this.add());
    this.selects = { present: find("select.present"), absent: find("select.absent") };
    this.hand = find(".hand");
    this.picks = find(".picks");
    this.find = find("button.find");
    this.find.addEventListener("click", () => this.ask());
    this.facts = find(".concept");
    this.strength = find("input.strength");
    this.strengthRow = find(".strengthrow");
    this.amount = find("output.amount");
    this.strength.addEventListener("input", () => this.move());
    for (const select of Object.values(this.selects)) {
      select.addEventListener("change", () => this.choose());
    }
    root.addEventListener("toggle", () => root.open && this.open());
  }

  // classes: names of the labels, none where nobody knows them; hasGroup: whether some images were
  // chosen on the map.
  take(model, { classes, hasGroup }, examples, count) {
    this.model = model;
    this.examples = examples;
    this.count = Math.min(count, examples.count);
    this.groups = { present: new Set(), absent: new Set() };
    this.drawn = null;
    const labels = classes.map((name, k) => new Option(name, k));
    const others = classes.map((name, k) => new Option(name, k));
    const ofMap = hasGroup ? [new Option("what was chosen on the map", "map")] : [];
    const byHand = new Option("pictures picked below", "hand");
    this.selects.present.replaceChildren(...ofMap, ...labels, byHand);
    this.selects.absent.replaceChildren(new Option("all others", "others"), ...others);
    this.forget();
    this.choose();
    this.showSum();
    if (this.root.open) this.open();
  }

  // The corners have changed.
  showSum() {
    const count = this.on.corners().length;
    this.sum.disabled = count < 3;
    this.sum.title = count < 3 ? "Add a third picture first" : "";
    this.rest();
  }

  // The chosen corner is another one, or elsewhere: the strength starts from there.
  rest() {
    this.strength.value = 0;
    this.amount.textContent = "0";
  }

  add() {
    const [a, b, c] = this.on.corners();
    this.on.show(combined(a, b, c), "A \u2212 B + C");
  }

  choose() {
    const byHand = this.selects.present.value === "hand";
    this.selects.absent.parentElement.hidden = byHand || this.selects.present.value === "map";
    this.selects.present.parentElement.hidden = this.selects.present.length === 1;
    for (const option of this.selects.absent) option.disabled = option.value === this.selects.present.value;
    if (this.selects.absent.selectedOptions[0]?.disabled) this.selects.absent.value = "others";
    this.hand.hidden = !byHand;
    this.forget();
  }

  forget() {
    this.direction = null;
    this.sequence = null;
    this.facts.textContent = "";
    this.strengthRow.hidden = true;
  }

  // Pictures to pick two groups of by hand: a press puts one into the first, another into the
  // second, a third takes it out again.
  async open() {
    const { model, count } = this;
    if (this.drawn === model) return;
    this.drawn = model;
    const pictures = await this.on.decode(this.examples.first(count), count);
    if (!pictures || model !== this.model) {
      this.drawn = null;
      return;
    }
    const rows = Array.from({ length: count }, (_, row) => row);
    this.picks.replaceChildren(...rows.map((row) => this.pick(row, pixelsOf(pictures, row))));
  }

  pick(row, pixels) {
    const { what } = this.examples.at(row);
    const { button, canvas } = thumbnail(this.model, what);
    paint(canvas, pixels, this.model);
    const sign = element("span", "sign");
    button.append(sign);
    button.addEventListener("click", () => {
      const at = GROUPS.findIndex((name) => this.groups[name].has(row));
      if (at >= 0) this.groups[GROUPS[at]].delete(row);
      const next = GROUPS[at + 1];
      if (next) this.groups[next].add(row);
      sign.textContent = SIGNS[next] ?? "";
      button.dataset.group = next ?? "";
      button.setAttribute("aria-label", next ? `${what}, in group ${SIGNS[next]}` : what);
      this.forget();
    });
    return button;
  }

  ask() {
    const { present, absent } = this.selects;
    this.sequence = Date.now();
    this.facts.textContent = "Looking for it";
    const others = absent.value === "others" ? null : { label: Number(absent.value) };
    const questions = {
      map: { present: { map: true }, absent: null },
      hand: { present: { rows: [...this.groups.present] }, absent: { rows: [...this.groups.absent] } },
    };
    const question = questions[present.value] ?? {
      present: { label: Number(present.value) },
      absent: others,
    };
    this.on.ask({ sequence: this.sequence, model: this.model.id, ...question });
  }

  // Python's answer: { sequence, error, direction, effect, auc, control, judged }.
  receive(answer) {
    if (answer.sequence !== this.sequence) return;
    this.facts.textContent = answer.error || inWords(answer);
    if (answer.error) return;
    this.direction = Float32Array.from(answer.direction);
    this.strengthRow.hidden = false;
    this.rest();
  }

  move() {
    const strength = Number(this.strength.value);
    const text = `${strength < 0 ? "\u2212" : "+"}${Math.abs(strength).toFixed(2)}`;
    this.amount.textContent = text;
    this.on.show(moved(this.on.current(), this.direction, strength), `${text} \u00d7 the direction`);
  }
}

function inWords({ effect, auc, control, judged }) {
  if (auc === null) return "Found. With fewer than four pictures in a group nothing can judge it.";
  const [n, m] = judged.map((count) => count.toLocaleString("en"));
  const verdict = auc > control ? "It separates the groups" : "No better than chance";
  return (
    `${verdict}: AUC ${auc.toFixed(3)} on ${n} and ${m} codes it was not made from, effect size ` +
    `${effect.toFixed(1)}; random directions reach ${control.toFixed(3)}.`
  );
}
