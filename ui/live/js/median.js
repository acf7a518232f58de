// The median of the last few numbers.

const KEPT = 15;

export class Median {
  constructor() {
    this.clear();
  }

  clear() {
    this.numbers = [];
  }

  add(number) {
    this.numbers.push(number);
    if (this.numbers.length > KEPT) this.numbers.shift();
  }

  get value() {
    return [...this.numbers].sort((a, b) => a - b)[this.numbers.length >> 1];
  }
}
