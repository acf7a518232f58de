// Many dots straight into the pixels of a canvas: no GL, a million in some ten milliseconds.

const SOLID = 255;

// What one dot covers: offsets in pixels and how much of each, 0 to 255; a disc with soft edges.
export function stampOf(radius) {
  const reach = Math.ceil(radius - 0.5);
  const covered = [];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const share = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x, y)));
      if (share > 0) covered.push([x, y, Math.round(SOLID * share)]);
    }
  }
  const [across, down, cover] = [0, 1, 2].map((d) => Int32Array.from(covered, (one) => one[d]));
  return { across, down, cover, reach };
}

// Draw points (x, y one after the other) into pixels, a Uint32Array of the canvas's RGBA bytes.
// Point k has the colour palette[shade[k]], 0xAABBGGRR; where that is 0 it is left out. A pixel has
// the colour that covers most of it, of equal ones the last: mixing them takes several times as
// long. view is { x, y, scale }: what lies in the middle, and pixels a unit. Returns how many were
// drawn.
export function drawDots(pixels, width, height, points, shade, palette, view, stamp) {
  const { cover, reach } = stamp;
  const [left, top] = [width / 2 - view.x * view.scale, height / 2 + view.y * view.scale];
  const offsets = stamp.across.map((x, n) => stamp.down[n] * width + x);
  const count = points.length / 2;
  const isSmall = offsets.length === 1;
  let drawn = 0;
  for (let k = 0; k < count; k++) {
    const colour = palette[shade[k]];
    if (colour === 0) continue;
    const x = Math.floor(left + points[2 * k] * view.scale);
    const y = Math.floor(top - points[2 * k + 1] * view.scale);
    if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
    drawn += 1;
    const place = y * width + x;
    const alpha = colour >>> 24;
    if (isSmall) {
      if (alpha >= pixels[place] >>> 24) pixels[place] = colour;
      continue;
    }
    for (let n = 0; n < offsets.length; n++) {
      const at = place + offsets[n];
      const covered = ((alpha * cover[n] + 127) / SOLID) | 0;
      if (covered >= pixels[at] >>> 24) pixels[at] = (colour & 0xffffff) | (covered << 24);
    }
  }
  return drawn;
}

// "#1B8A8F" as 0xAABBGGRR.
export function packed(hex, alpha = 255) {
  const value = parseInt(hex.slice(1), 16);
  const [red, green, blue] = [(value >> 16) & 255, (value >> 8) & 255, value & 255];
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
