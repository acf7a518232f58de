// Held-out codes of a model, each with its posterior and what it is.

export class Examples {
  // mean and logVar hold rows of dims numbers one after the other; logVar may be null.
  constructor({ mean, logVar, labels, dims }) {
    this.mean = mean;
    this.logVar = logVar;
    this.labels = labels;
    this.dims = dims;
  }

  get count() {
    return this.labels.length;
  }

  at(row) {
    const part = (column) => column?.slice(row * this.dims, (row + 1) * this.dims) ?? null;
    return { mean: part(this.mean), logVar: part(this.logVar), what: this.labels[row] };
  }

  // The means of the first so many rows.
  first(count) {
    return this.mean.slice(0, count * this.dims);
  }

  // A row at random, another than the given one where there is another.
  other(row) {
    const skip = 1 + Math.floor(Math.random() * Math.max(1, this.count - 1));
    return ((row ?? -1) + skip) % this.count;
  }
}
