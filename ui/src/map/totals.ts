import { cell, count, EDGE, NODE } from './columns';
import { slowShare } from './dots';
import type { Item, Link, Scene } from './scene';
import type { MapData } from './types';

/** What an item on the map is doing, over all it stands for. */
export interface Totals {
  rate: number;
  /** Share of requests that failed or were refused. */
  err: number;
  /** The busiest member's: a mean would hide it. */
  util: number;
  queue: number;
  /** How many wait for an instance, where most do. */
  longest: number;
  up: number;
  /** How many instances there are to be. */
  wanted: number;
  /** The slowest member's. */
  p50: number;
  p99: number;
}

export interface LinkTotals {
  rate: number;
  err: number;
  /** Share of attempts that are repeated ones. */
  retry: number;
  slow: number;
  /** Median of the busiest edge, in seconds. */
  p50: number;
  p99: number;
}

export interface SceneTotals {
  items: Totals[];
  links: LinkTotals[];
}

export const TROUBLE = { err: 0.01, util: 0.9 };

export function readTotals(scene: Scene, data: MapData, usual: Float32Array): SceneTotals {
  const links = scene.links.map((link) => linkTotals(link, data, usual));
  const items = scene.items.map((item) => (item.instance ? ofInstance(item) : itemTotals(item, data)));
  arrivals(scene, items, links);
  return { items, links };
}

function linkTotals(link: Link, { edges, topology }: MapData, usual: Float32Array): LinkTotals {
  const rows = topology.edges.length;
  let [rate, ok, errors, retries, slow, busiest] = [0, 0, 0, 0, 0, -1];
  let [p50, p99] = [NaN, NaN];
  link.edges.forEach((e, k) => {
    const share = link.shares[k]!;
    const here = count(edges, rows, EDGE.rate, e) * share;
    rate += here;
    ok += count(edges, rows, EDGE.ok, e) * share;
    // Attempts that failed: those that were tried again, and those that were not.
    errors += (count(edges, rows, EDGE.errors, e) + count(edges, rows, EDGE.retries, e)) * share;
    retries += count(edges, rows, EDGE.retries, e) * share;
    const [median, tail] = [cell(edges, rows, EDGE.p50, e), cell(edges, rows, EDGE.p99, e)];
    slow += here * slowShare(median, tail, usual[e] ?? NaN);
    if (here > busiest && !Number.isNaN(median)) [busiest, p50, p99] = [here, median, tail];
  });
  const part = (value: number, of: number): number => (of > 0 ? Math.min(1, value / of) : 0);
  return { rate, err: part(errors, ok + errors), retry: part(retries, rate), slow: part(slow, rate), p50, p99 };
}

/** Whether a service needs no attention. */
export function isWell(data: MapData, node: number): boolean {
  const whole = { nodes: Int32Array.of(node), shares: Float32Array.of(1) };
  return trouble(itemTotals(whole, data)) === 0;
}

function itemTotals(item: Pick<Item, 'nodes' | 'shares'>, { nodes, topology }: MapData): Totals {
  const rows = topology.nodes.length;
  const sum: Totals = { rate: 0, err: 0, util: NaN, queue: 0, longest: 0, up: 0, wanted: 0, p50: NaN, p99: NaN };
  let [bad, done] = [0, 0];
  item.nodes.forEach((node, k) => {
    const share = item.shares[k]!;
    const get = (column: number): number => count(nodes, rows, column, node) * share;
    sum.rate += get(NODE.rate);
    bad += get(NODE.errors) + get(NODE.refused);
    done += get(NODE.ok) + get(NODE.errors) + get(NODE.refused);
    sum.queue += get(NODE.queue);
    // Before the first frame nothing is known, and nothing is called dead.
    const instances = (column: number): number => {
      const known = cell(nodes, rows, column, node);
      return Number.isNaN(known) ? topology.nodes[node]!.instances : known;
    };
    sum.up += instances(NODE.up) * share;
    sum.wanted += instances(NODE.wanted) * share;
    sum.longest = Math.max(sum.longest, count(nodes, rows, NODE.queue, node) / Math.max(1, instances(NODE.wanted)));
    sum.util = larger(sum.util, cell(nodes, rows, NODE.utilization, node));
    sum.p50 = larger(sum.p50, cell(nodes, rows, NODE.p50, node));
    sum.p99 = larger(sum.p99, cell(nodes, rows, NODE.p99, node));
  });
  sum.err = done > 0 ? bad / done : 0;
  return sum;
}

function larger(a: number, b: number): number {
  return Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b);
}

function ofInstance({ instance }: Item): Totals {
  const up = instance?.health === 'up' || instance?.health === 'leaving' ? 1 : 0;
  return { rate: NaN, err: 0, util: instance?.busy ?? NaN, queue: instance?.waiting ?? 0, longest: instance?.waiting ?? 0, up, wanted: 1, p50: NaN, p99: NaN };
}

/** Of a group counts what comes from outside, not what its members send each other. */
function arrivals(scene: Scene, items: Totals[], links: LinkTotals[]): void {
  const from = new Float64Array(items.length);
  scene.links.forEach((link, l) => {
    if (link.from !== link.to) from[link.to]! += links[l]!.rate;
  });
  scene.items.forEach(({ kind }, i) => {
    if ((kind === 'group' || kind === 'region') && from[i]! > 0) items[i]!.rate = from[i]!;
  });
}

/** Instances are missing. */
export const isShort = (now: Totals): boolean => now.up < now.wanted - 0.5;

/** How much attention something needs; 0 is healthy. Counts errors most, then being full, waiting and missing instances. */
export function trouble(totals: Totals): number {
  const instances = totals.wanted;
  const missing = instances > 0 ? Math.max(0, 1 - totals.up / instances) : 0;
  const full = Number.isFinite(totals.util) ? Math.max(0, totals.util - TROUBLE.util) / (1 - TROUBLE.util) : 0;
  const failing = totals.err > TROUBLE.err ? 0.5 + totals.err : 0;
  const waiting = totals.queue > instances * 2 ? Math.log10(1 + totals.queue / Math.max(1, instances)) * 0.3 : 0;
  // An instance or two coming or going is daily business.
  return 2 * failing + full + waiting + (missing > 0.02 ? missing : 0);
}
