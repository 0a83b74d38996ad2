import { ease } from './camera';
import type { End } from './curve';
import type { Item, Scene } from './scene';

const LASTS = 380;

/** The scene that is shown and where its items are on the way from the scene before. */
export class Stage {
  scene: Scene = { depth: 'region', items: [], links: [], boxes: [], bounds: { x: 0, y: 0, w: 1, h: 1 }, focus: null };
  /** Where each item is now. */
  ends: End[] = [];
  /** Which items were not there before: they fade in. */
  fresh = new Uint8Array(0);
  appeared = 1;
  private from: End[] = [];
  private began = -Infinity;

  /** Items that stay, or come out of one that was there, move from where that is. */
  replace(scene: Scene, now: number, animate: boolean): void {
    const before = new Map(this.scene.items.map((item, i) => [item.key, this.ends[i]!]));
    const holders = animate ? holdersOf(this.scene.items, this.ends) : new Map<string, End>();
    this.fresh = Uint8Array.from(scene.items, (item) => (before.has(item.key) ? 0 : 1));
    this.from = scene.items.map((item) => before.get(item.key) ?? origin(item, holders) ?? item);
    this.ends = scene.items.map(({ x, y, r }) => ({ x, y, r }));
    this.scene = scene;
    this.began = animate ? now : -Infinity;
    this.tick(now);
  }

  /** Moves everything on; whether it is still moving. */
  tick(now: number): boolean {
    if (this.appeared >= 1 && now - this.began > LASTS) return false;
    const t = ease(Math.min(1, (now - this.began) / LASTS));
    this.appeared = t;
    this.scene.items.forEach((item, i) => {
      const from = this.from[i]!;
      const end = this.ends[i]!;
      end.x = from.x + (item.x - from.x) * t;
      end.y = from.y + (item.y - from.y) * t;
      end.r = from.r + (item.r - from.r) * t;
    });
    return true;
  }
}

/** Which item stood for a node in a region, and for a node anywhere. */
function holdersOf(items: readonly Item[], ends: readonly End[]): Map<string, End> {
  const holders = new Map<string, End>();
  items.forEach((item, i) => {
    if (item.instance) return;
    for (const node of item.nodes) {
      holders.set(`${node}@${item.region}`, ends[i]!);
      if (!holders.has(`${node}`)) holders.set(`${node}`, ends[i]!);
    }
  });
  return holders;
}

function origin(item: Item, holders: Map<string, End>): End | undefined {
  const node = item.nodes[0]!;
  const holder = holders.get(`${node}@${item.region}`) ?? holders.get(`${node}`);
  return holder && { x: holder.x, y: holder.y, r: Math.min(holder.r, item.r) };
}
