import { pathOfLink, pathThrough, type Path } from './paths';
import type { Item, Scene } from './scene';
import { trouble, TROUBLE, type SceneTotals } from './totals';
import { FLAG } from './gl/shaders';
import type { MapOptions, Mark } from './types';

/** What stands out and what steps back, for each item and link. */
export interface Emphasis {
  items: Float32Array;
  flags: Uint8Array;
  links: Float32Array;
  /** Of many links those that carry little, and fail little: drawn faint and without dots. */
  minor: Uint8Array;
  /** Links on the path that is looked at. */
  path: Set<number>;
}

export interface Attention {
  options: MapOptions;
  hoveredItem: number;
  hoveredLink: number;
  found: ((node: number) => boolean) | null;
  marked: ReadonlyMap<number, Mark>;
  /** The node that is selected, or -1. */
  selected: number;
}

const DIM = { hover: 0.16, find: 0.16, healthy: 0.14, selected: 0.5 };

export function emphasize(scene: Scene, totals: SceneTotals, attention: Attention): Emphasis {
  const { options, found } = attention;
  const selected = scene.items.findIndex((item) => isSelected(item, attention));
  const pointed = pathOf(scene, attention);
  const path = pointed ?? (selected >= 0 && scene.focus === null ? pathThrough(scene.links, selected) : null);
  const aside = pointed ? DIM.hover : DIM.selected;
  const items = new Float32Array(scene.items.length);
  const flags = new Uint8Array(scene.items.length);
  scene.items.forEach((item, i) => {
    const matches = found === null || item.nodes.some(found);
    let alpha = path && !path.items.has(i) && !item.instance ? aside : 1;
    if (!matches) alpha = Math.min(alpha, DIM.find);
    if (options.hideHealthy && trouble(totals.items[i]!) === 0) alpha = Math.min(alpha, DIM.healthy);
    items[i] = alpha;
    flags[i] = flagsOf(item, attention, i === attention.hoveredItem, found !== null && matches, totals.items[i]!.up);
  });
  const links = linksOf(scene, totals, items, path, aside, options.hideHealthy);
  return { items, flags, links, minor: minorOf(totals, path), path: path?.links ?? new Set() };
}

const MANY = 260;

function minorOf(totals: SceneTotals, path: Path | null): Uint8Array {
  const n = totals.links.length;
  if (n <= MANY) return new Uint8Array(n);
  const rates = Float64Array.from(totals.links, (link) => link.rate).sort();
  const bound = rates[n - Math.max(200, Math.round(n * 0.4))]!;
  return Uint8Array.from(totals.links, (link, l) => (link.rate < bound && link.err < TROUBLE.err && !path?.links.has(l) ? 1 : 0));
}

function pathOf(scene: Scene, { hoveredItem, hoveredLink }: Attention): Path | null {
  if (hoveredLink >= 0 && scene.links[hoveredLink]) return pathOfLink(scene.links, hoveredLink);
  const item = scene.items[hoveredItem];
  if (!item || item.instance) return null;
  return scene.focus !== null && item.nodes[0] === scene.focus ? null : pathThrough(scene.links, hoveredItem);
}

/** Whether an item is this node itself, not a group that it is in. */
export function isNamed(item: Item, name: string | null): boolean {
  return name !== null && item.nodes.length === 1 && !item.instance && item.kind !== 'region' && item.label === name;
}

/** Itself, or the group that it is in: among hundreds it is seen where it is. */
function isSelected(item: Item, { options, selected }: Attention): boolean {
  return isNamed(item, options.selected) || (item.kind === 'group' && item.nodes.includes(selected));
}

function flagsOf(item: Item, attention: Attention, hovered: boolean, found: boolean, up: number): number {
  if (item.instance) return (hovered ? FLAG.hovered : 0) | (up > 0 ? 0 : FLAG.down);
  const mark = markOf(item, attention.marked);
  return (
    (isSelected(item, attention) ? FLAG.selected : 0) |
    (hovered ? FLAG.hovered : 0) |
    (found ? FLAG.found : 0) |
    (mark === 'culprit' ? FLAG.culprit : mark === 'hot' ? FLAG.hot : 0) |
    (item.instances > 0 && up < 0.5 && item.kind !== 'users' ? FLAG.down : 0)
  );
}

/** A mark shows on the group that holds the marked service, too; a region holds nearly all and shows none. */
export function markOf(item: Item, marked: ReadonlyMap<number, Mark>): Mark | null {
  if (marked.size === 0 || item.instance || item.kind === 'region') return null;
  const marks = [...item.nodes].map((node) => marked.get(node));
  return marks.find((mark) => mark === 'culprit') ?? marks.find((mark) => mark !== undefined) ?? null;
}

function linksOf(
  scene: Scene, totals: SceneTotals, items: Float32Array, path: Path | null, aside: number, hideHealthy: boolean,
): Float32Array {
  return Float32Array.from(scene.links, (link, l) => {
    const { err, rate } = totals.links[l]!;
    let alpha = path && !path.links.has(l) ? aside : 1;
    alpha = Math.min(alpha, Math.max(items[link.from]!, items[link.to]!));
    if (hideHealthy && err < TROUBLE.err) alpha = Math.min(alpha, DIM.healthy);
    // What no traffic uses is there, and no more.
    return rate > 0 ? alpha : alpha * 0.5;
  });
}
