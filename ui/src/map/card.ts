import type { Size } from './camera';
import { element } from './dom';
import { amount, rate, seconds, share } from './format';
import type { Item, Link, Scene } from './scene';
import { isShort, type LinkTotals, type SceneTotals, type Totals } from './totals';
import type { Instance } from './types';

type Row = [name: string, value: string, bad?: boolean];

/** The numbers of what the pointer is on, beside the pointer. */
export class Card {
  private readonly root = element('div', 'map-card');
  private shown = '';

  constructor(overlay: HTMLElement) {
    this.root.hidden = true;
    this.root.setAttribute('aria-hidden', 'true');
    overlay.append(this.root);
  }

  hide(): void {
    this.root.hidden = true;
  }

  show(title: string, note: string, rows: Row[], x: number, y: number, size: Size): void {
    const key = JSON.stringify([title, note, rows]);
    if (key !== this.shown) this.fill(title, note, rows);
    this.shown = key;
    this.root.hidden = false;
    const { offsetWidth: w, offsetHeight: h } = this.root;
    const left = x + 18 + w > size.width ? x - 18 - w : x + 18;
    const top = Math.min(Math.max(8, y + 14), size.height - h - 8);
    this.root.style.transform = `translate(${Math.max(8, left)}px, ${top}px)`;
  }

  private fill(title: string, note: string, rows: Row[]): void {
    const list = element('dl', '');
    for (const [name, value, bad] of rows) list.append(element('dt', '', name), element('dd', bad ? 'bad' : '', value));
    this.root.replaceChildren(element('strong', '', title), element('span', 'note', note), list);
  }
}

export function itemCard(scene: Scene, totals: SceneTotals, index: number): [string, string, Row[]] {
  const item = scene.items[index]!;
  const now = totals.items[index]!;
  if (item.instance) return [item.label, item.instance.zone, instanceRows(item.instance, now.up > 0)];
  return [item.label, noteOf(item), itemRows(item, now)];
}

function noteOf(item: Item): string {
  if (item.kind === 'users') return 'users';
  if (item.kind === 'group' || item.kind === 'region') return `${item.nodes.length} services`;
  // The stream tells of services, not of what a region has of them: there it is the region's part by instances.
  return item.shares[0]! < 1 ? `${item.kind} · ${share(item.shares[0]!)} of it is here` : item.kind;
}

function itemRows(item: Item, now: Totals): Row[] {
  const rows: Row[] = [['requests', rate(now.rate)], ['errors', share(now.err), now.err > 0.002]];
  if (item.kind !== 'users') {
    const many = item.nodes.length > 1;
    rows.push([many ? 'busiest' : 'busy', share(now.util), now.util > 0.9], ['waiting', amount(now.queue), now.queue > 2 * now.wanted]);
    rows.push(['instances', upOf(now), isShort(now)]);
  }
  rows.push([item.nodes.length > 1 ? 'slowest p50' : 'p50', seconds(now.p50)], [item.nodes.length > 1 ? 'slowest p99' : 'p99', seconds(now.p99)]);
  return rows;
}

/** «2 of 3 up»; some may still go that are too many. */
function upOf(now: Totals): string {
  const [up, wanted] = [Math.round(now.up), Math.round(now.wanted)];
  return up > wanted ? `${amount(up)} up, ${amount(up - wanted)} on their way out` : `${amount(up)} of ${amount(wanted)} up`;
}

function instanceRows(instance: Instance, up: boolean): Row[] {
  return [['state', instance.health, !up], ['busy', share(instance.busy), instance.busy > 0.9], ['waiting', amount(instance.waiting)]];
}

export function linkCard(scene: Scene, link: Link, now: LinkTotals): [string, string, Row[]] {
  const title = `${scene.items[link.from]!.label} → ${scene.items[link.to]!.label}`;
  const rows: Row[] = [
    ['attempts', rate(now.rate)],
    ['errors', share(now.err), now.err > 0.002],
    ['retries', share(now.retry), now.retry > 0.01],
    ['slow', share(now.slow), now.slow > 0.05],
    ['p50', seconds(now.p50)],
    ['p99', seconds(now.p99)],
  ];
  return [title, link.edges.length > 1 ? `${link.edges.length} kinds of calls` : 'calls', rows];
}
