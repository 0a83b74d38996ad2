import { element, setText } from './dom';
import { amount, share } from './format';
import type { Item, Scene } from './scene';
import { isShort, type SceneTotals, type Totals } from './totals';

/** The map as a list of buttons, off the screen: for those who listen, and for the Tab key. */
export class Mirror {
  private readonly root = element('ul', 'map-mirror');
  private readonly buttons: HTMLButtonElement[] = [];
  private keys: string[] = [];

  constructor(overlay: HTMLElement, private readonly on: { choose(key: string): void; open(key: string): void; focus(key: string | null): void }) {
    this.root.setAttribute('aria-label', 'What is on the map');
    overlay.append(this.root);
  }

  update(scene: Scene, totals: SceneTotals, selected: string | null): void {
    const shown = scene.items.map((item, i) => ({ item, now: totals.items[i]! }));
    while (this.buttons.length < shown.length) this.add(this.buttons.length);
    this.keys = shown.map(({ item }) => item.key);
    this.buttons.forEach((button, i) => {
      const one = shown[i];
      button.parentElement!.hidden = !one;
      if (!one) return;
      setText(button, spoken(one.item, one.now));
      button.setAttribute('aria-pressed', String(one.item.label === selected));
    });
  }

  private add(index: number): void {
    const row = element('li', '');
    const button = element('button', '');
    button.type = 'button';
    button.addEventListener('click', () => this.on.choose(this.keys[index]!));
    button.addEventListener('dblclick', () => this.on.open(this.keys[index]!));
    button.addEventListener('focus', () => this.on.focus(this.keys[index]!));
    button.addEventListener('blur', () => this.on.focus(null));
    row.append(button);
    this.root.append(row);
    this.buttons.push(button);
  }
}

/** «web: 120 requests a second, 2% errors, 80% busy» */
export function spoken(item: Item, now: Totals): string {
  if (item.instance) return `${item.label}: ${now.up > 0 ? '' : 'down, '}${share(now.util)} busy, ${amount(now.queue)} waiting`;
  const parts = [`${amount(now.rate)} requests a second`, `${share(now.err)} errors`];
  if (Number.isFinite(now.util)) parts.push(`${share(now.util)} busy`);
  if (now.queue >= 1) parts.push(`${amount(now.queue)} waiting`);
  if (item.kind !== 'users' && isShort(now)) parts.push(`${Math.round(now.up)} of ${Math.round(now.wanted)} instances up`);
  return `${item.label}: ${parts.join(', ')}`;
}
