// What a few numbers say together.

const KEPT = 15;

// The median of the last few.
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

// The share of values below one, from evenly spaced quantiles.
export function shareBelow(quantiles, value) {
  const last = quantiles.length - 1;
  if (value <= quantiles[0]) return 0;
  if (value >= quantiles[last]) return 1;
  const above = quantiles.findIndex((quantile) => quantile > value);
  const [low, high] = [quantiles[above - 1], quantiles[above]];
  return (above - 1 + (value - low) / (high - low)) / last;
}

// How unusual a reconstruction error is among held-out images, { quantiles, count, split }.
export function errorInWords({ quantiles, count, split }, error) {
  const share = shareBelow(quantiles, error);
  const images = `of ${count.toLocaleString("en")} ${split} images`;
  if (share <= 0.01) return `smaller than for 99 % ${images}`;
  if (share >= 0.99) return `larger than for 99 % ${images}: unlike what it has learned`;
  return `larger than for ${Math.round(100 * share)} % ${images}`;
}
