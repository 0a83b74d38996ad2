import { bend, type End } from './curve';
import { crossing, dotCounts, kindOf, phase } from './dots';
import type { Emphasis } from './emphasis';
import { LINK_FLOATS, Renderer } from './gl/renderer';
import { SHAPE } from './gl/shaders';
import type { Scene } from './scene';
import type { SceneTotals } from './totals';

/** How far the dots of each link have come, carried on when their speed changes so that none ever jumps. */
export class Travel {
  private distance = new Float32Array(0);
  speed = new Float32Array(0);

  /** The scene has other links: all begin anew. */
  reset(links: number): void {
    this.distance = new Float32Array(links);
    this.speed = new Float32Array(links);
  }

  /** Goes on for so many seconds at the speed until now, then at that of these latencies. */
  advance(seconds: number, latencies: (link: number) => number): void {
    for (let l = 0; l < this.distance.length; l++) {
      this.distance[l] = (this.distance[l]! + this.speed[l]! * seconds) % 1;
      this.speed[l] = 1 / crossing(latencies(l));
    }
  }

  at(link: number): number {
    return this.distance[link]!;
  }
}

export function linkData(
  scene: Scene, ends: readonly End[], totals: SceneTotals, emphasis: Emphasis, travel: Travel, most: number, moving: boolean,
): Float32Array {
  const data = Renderer.linkArray(scene.links.length);
  const faint = scene.links.length > 600 ? 0.45 : scene.links.length > 200 ? 0.7 : 1;
  scene.links.forEach((link, l) => {
    const [from, to] = [ends[link.from]!, ends[link.to]!];
    const { err, rate } = totals.links[l]!;
    const alpha = emphasis.links[l]!;
    const onPath = emphasis.path.has(l);
    const width = (0.9 + 2.2 * Math.sqrt(most > 0 ? Math.min(1, rate / most) : 0)) * (onPath ? 1.3 : 1);
    const tint = err > 0.002 ? Math.min(0.9, 0.25 + err * 4) : 0;
    data.set(
      [
        from.x, from.y, to.x, to.y,
        bend(from, to), width, alpha * (onPath ? 1 : emphasis.minor[l] ? 0.3 : Math.max(faint, tint)), tint,
        travel.at(l), moving ? travel.speed[l]! : 0, alpha, link.stub && !onPath ? 1 : 0,
      ],
      l * LINK_FLOATS,
    );
  });
  return data;
}

export function dotData(scene: Scene, totals: SceneTotals, emphasis: Emphasis, most: number, cap: number): Float32Array {
  const counts = dotCounts(totals.links.map((link, l) => (emphasis.minor[l] ? 0 : link.rate)), most, cap);
  const data = new Float32Array(counts.reduce((sum, n) => sum + n, 0) * 3);
  let at = 0;
  scene.links.forEach((_, l) => {
    const { err, retry, slow } = totals.links[l]!;
    for (let k = 0; k < counts[l]!; k++) {
      // Every link begins its sequence elsewhere, or equal links would beat in time.
      data[at++] = l;
      data[at++] = (phase(k) + phase(l * 7 + 3)) % 1;
      data[at++] = kindOf(k, err, retry, slow);
    }
  });
  return data;
}

export function nodeData(scene: Scene, ends: readonly End[], totals: SceneTotals, emphasis: Emphasis, appeared: number, fresh: Uint8Array): Float32Array {
  const data = new Float32Array(scene.items.length * 8);
  scene.items.forEach((item, i) => {
    const { x, y, r } = ends[i]!;
    const { util, err } = totals.items[i]!;
    const isPlate = scene.focus !== null && i === 0;
    const alpha = isPlate ? 0 : emphasis.items[i]! * (fresh[i] ? appeared : 1);
    data.set([x, y, r, alpha, Number.isFinite(util) ? util : -1, err, SHAPE[item.kind], emphasis.flags[i]!], i * 8);
  });
  return data;
}

/** Bars of the tail at a node's entry, by how many wait for each instance: some two more for every doubling. */
export function bars(waiting: number): number {
  const wanted = 1.8 * Math.log2(1 + 3 * Math.max(0, waiting));
  return wanted >= 0.5 ? Math.min(18, wanted) : 0;
}

export function tailData(scene: Scene, ends: readonly End[], totals: SceneTotals, emphasis: Emphasis): Float32Array {
  const rows: number[] = [];
  scene.items.forEach((item, i) => {
    const { longest, util } = totals.items[i]!;
    const n = bars(longest);
    if (n === 0 || item.instance || (scene.focus !== null && i === 0)) return;
    const full = util > 0.9 ? 1 : 0;
    rows.push(ends[i]!.x, ends[i]!.y, ends[i]!.r, emphasis.items[i]!, n, full);
  });
  return Float32Array.from(rows);
}
