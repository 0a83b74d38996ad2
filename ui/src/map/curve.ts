/** The curve of a link: a cubic Bézier that leaves to the right and arrives from the left. The shaders have the same. */

export interface End {
  x: number;
  y: number;
  r: number;
}

/** How far the control points lie from the ends; negative marks a call to itself, which loops over its node. */
export function bend(from: End, to: End): number {
  if (from === to) return -Math.max(from.r * 3.4, 1);
  const across = Math.abs(to.x - from.x);
  const down = Math.abs(to.y - from.y);
  // Backwards or straight down it swings out far enough to be told from the others.
  return to.x > from.x + from.r ? across * 0.45 + Math.min(down * 0.08, across * 0.3) : Math.min(across * 0.3 + 40, 260) + down * 0.1;
}

export function pointOn(from: End, to: End, t: number): [number, number] {
  const b = bend(from, to);
  const [x1, y1, x2, y2] =
    b < 0 ? [from.x - b, from.y + b * 1.3, to.x + b, to.y + b * 1.3] : [from.x + b, from.y, to.x - b, to.y];
  const s = 1 - t;
  const [a, c, d, e] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
  return [a * from.x + c * x1 + d * x2 + e * to.x, a * from.y + c * y1 + d * y2 + e * to.y];
}

/** How far a point is from the curve, by its chords. */
export function distanceTo(from: End, to: End, x: number, y: number): number {
  let nearest = Infinity;
  let [px, py] = pointOn(from, to, 0);
  for (let k = 1; k <= 16; k++) {
    const [qx, qy] = pointOn(from, to, k / 16);
    nearest = Math.min(nearest, toSegment(x, y, px, py, qx, qy));
    [px, py] = [qx, qy];
  }
  return nearest;
}

function toSegment(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length > 0 ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}
