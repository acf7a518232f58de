// Standard normal numbers from a seed: the same seed, the same numbers, on every machine.

const WARM_UP = 16;

// Marsaglia's xorshift (2003, Journal of Statistical Software 8(14)), then Box and Muller.
export function normals(seed, count) {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let k = 0; k < WARM_UP; k++) uniform(); // seeds that lie close together part slowly
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  });
}

// A draw from N(mean, exp(logVar)).
export function drawFrom({ mean, logVar }, seed) {
  return normals(seed, mean.length).map(
    (epsilon, k) => mean[k] + Math.exp(logVar[k] / 2) * epsilon,
  );
}
