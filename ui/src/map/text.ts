import { bars } from './buffers';
import type { Size } from './camera';
import { pointOn, type End } from './curve';
import { markOf, type Emphasis } from './emphasis';
import { amount, rate, seconds, share } from './format';
import { placeLabels, type LabelWish, type Side } from './labels';
import type { Item, Scene } from './scene';
import type { Palette } from './theme';
import { isShort, trouble, type SceneTotals, type Totals } from './totals';
import type { MapOptions, Mark } from './types';

const FAMILY = 'Inter, system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif';
const LINE = 15;

interface Line {
  text: string;
  font: string;
  color: string;
}

interface Wish extends LabelWish {
  lines: Line[];
  alpha: number;
}

export interface Picture {
  scene: Scene;
  /** On the screen, in pixels. */
  ends: readonly End[];
  totals: SceneTotals;
  emphasis: Emphasis;
  options: MapOptions;
  hoveredItem: number;
  marked: ReadonlyMap<number, Mark>;
  palette: Palette;
  zoom: number;
  toScreen(x: number, y: number): [number, number];
}

/** Writes names and numbers over the drawing, and remembers where each stood. */
export class TextLayer {
  private readonly context: CanvasRenderingContext2D;
  private readonly widths = new Map<string, number>();
  private stood = new Map<string, Side>();
  private size: Size = { width: 1, height: 1 };
  private ratio = 1;

  constructor(readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext('2d')!;
  }

  resize(size: Size, ratio: number): void {
    this.size = size;
    this.ratio = ratio;
    this.canvas.width = Math.round(size.width * ratio);
    this.canvas.height = Math.round(size.height * ratio);
  }

  draw(picture: Picture, corners: { x: number; y: number; w: number; h: number }[]): void {
    const { context, size } = this;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, size.width, size.height);
    context.textBaseline = 'top';
    context.lineJoin = 'round';
    this.numbersInside(picture);
    const titles = this.boxTitles(picture);
    const wishes = [...this.wishesOf(picture), ...this.linkWishes(picture)];
    const obstacles = [...corners, ...titles, ...discs(picture, size), ...loops(picture)];
    const stood = new Map<string, Side>();
    const put = (some: Wish[]): void => {
      const placed = placeLabels(some, obstacles, size.width, size.height, this.stood);
      for (const { index, x, y, side } of placed) {
        const wish = some[index]!;
        this.write(wish, x, y, side, picture.palette);
        stood.set(wish.key, side);
        obstacles.push({ x, y, w: wish.width, h: wish.height });
      }
    };
    put(wishes);
    // Where there is no room for all that is to be said, the name alone may find some.
    put(wishes.filter((wish) => wish.lines.length > 1 && !stood.has(wish.key)).map((wish) => this.nameOnly(wish)));
    this.stood = stood;
  }

  private nameOnly(wish: Wish): Wish {
    const [name] = wish.lines;
    return { ...wish, lines: [name!], width: this.width(name!.text, name!.font), height: LINE };
  }

  private width(text: string, font: string): number {
    const key = `${font}|${text}`;
    let width = this.widths.get(key);
    if (width === undefined) {
      if (this.widths.size > 5000) this.widths.clear();
      this.context.font = font;
      this.widths.set(key, (width = this.context.measureText(text).width));
    }
    return width;
  }

  private write(wish: Wish, x: number, y: number, side: Side, palette: Palette): void {
    const { context } = this;
    context.globalAlpha = wish.alpha;
    context.textAlign = side === 'right' ? 'left' : 'center';
    const at = side === 'right' ? x : x + wish.width / 2;
    wish.lines.forEach((line, k) => {
      context.font = line.font;
      context.lineWidth = 3.5;
      context.strokeStyle = palette.ground;
      context.strokeText(line.text, at, y + k * LINE + 1);
      context.fillStyle = line.color;
      context.fillText(line.text, at, y + k * LINE + 1);
    });
    context.globalAlpha = 1;
  }

  private wishesOf(picture: Picture): Wish[] {
    const { scene, ends, totals, emphasis, hoveredItem } = picture;
    const wishes: Wish[] = [];
    const most = Math.max(1e-9, ...totals.items.map((one) => one.rate || 0));
    scene.items.forEach((item, i) => {
      const { x, y, r } = ends[i]!;
      if (item.instance || (scene.focus !== null && i === 0) || !this.near(x, y, r)) return;
      const [now, flags] = [totals.items[i]!, emphasis.flags[i]!];
      const special = (flags & 1) !== 0 || i === hoveredItem;
      const ill = trouble(now);
      if (!special && r < 3.2 && ill === 0) return;
      const lines = this.linesOf(item, now, (flags & 1) !== 0, r, picture);
      wishes.push({
        key: item.key,
        width: Math.max(...lines.map((line) => this.width(line.text, line.font))),
        height: lines.length * LINE,
        x, y, r: Math.max(r, 2.2) + (flags & (1 | 8 | 16) ? 8 : 1),
        priority: (special ? 1000 : 0) + (flags & (4 | 8) ? 100 : 0) + ill * 20 + Math.sqrt((now.rate || 0) / most) + item.nodes.length * 0.001,
        lines,
        alpha: special ? 1 : emphasis.items[i]! < 0.3 ? 0.25 : emphasis.items[i]! < 1 ? 0.75 : 1,
      });
    });
    return wishes.filter((wish) => wish.alpha > 0.3 || wishes.length < 60);
  }

  private linesOf(item: Item, now: Totals, selected: boolean, r: number, { palette, marked }: Picture): Line[] {
    const bad = badness(item, now);
    const big = item.kind === 'region' || item.kind === 'group';
    const tiny = r < 6.5 && !selected && !bad;
    const name = `${big || selected ? 600 : 500} ${big ? 13 : tiny ? 10 : 12}px ${FAMILY}`;
    const small = `11px ${FAMILY}`;
    const lines: Line[] = [{ text: item.label, font: name, color: tiny ? palette.soft : palette.text }];
    const mark = markOf(item, marked);
    if (mark) lines.push({ text: mark === 'culprit' ? 'the culprit' : 'the hot tier', font: `600 ${small}`, color: mark === 'culprit' ? palette.error : palette.slow });
    if (item.kind === 'region') lines.push({ text: facts({ ...now, queue: 0, p99: NaN }).join(' · '), font: small, color: palette.soft });
    else if (selected || (r > 34 && !big)) lines.push({ text: [rate(now.rate), ...facts(now)].join(' · '), font: small, color: palette.soft });
    else if (bad && r > 6) lines.push({ text: bad, font: `600 ${small}`, color: palette.error });
    return lines;
  }

  /** On links that are looked at closely, or where nothing moves, stands how much they carry. */
  private linkWishes({ scene, totals, emphasis, options, palette, zoom, toScreen }: Picture): Wish[] {
    const close = scene.focus !== null;
    if (!close && (options.motion || scene.links.length > 120 || zoom < 0.35)) return [];
    const font = `11px ${FAMILY}`;
    return scene.links.flatMap((link, l) => {
      const { rate: now, err, p50 } = totals.links[l]!;
      if (!(now > 0) || link.stub) return [];
      const text = [rate(now), ...(err > 0.002 ? [`${share(err)} err`] : []), ...(close ? [seconds(p50)] : [])].join(' · ');
      const [from, to] = [scene.items[link.from]!, scene.items[link.to]!];
      const [x, y] = toScreen(...pointOn(from, to, close && from !== to ? besidePlate(scene, from) : 0.5));
      if (!this.near(x, y, 0)) return [];
      const line = { text, font, color: err > 0.002 ? palette.error : palette.soft };
      const alpha = emphasis.links[l]! < 0.3 ? 0.2 : 1;
      return [{ key: `link ${from.key} ${to.key}`, width: this.width(text, font), height: LINE, x, y: y - LINE - 4, r: 0, priority: 0.5, lines: [line], alpha }];
    });
  }

  private near(x: number, y: number, r: number): boolean {
    return x > -r && y > -r - 20 && x < this.size.width + r && y < this.size.height + r;
  }

  private numbersInside({ scene, ends, totals, palette, emphasis }: Picture): void {
    const { context } = this;
    context.textAlign = 'center';
    scene.items.forEach((item, i) => {
      const { x, y, r } = ends[i]!;
      const isPlate = scene.focus !== null && i === 0;
      const room = r * 1.45;
      if (r < 13.5 || item.instance || isPlate || emphasis.flags[i]! & 32 || !this.near(x, y, r)) return;
      const text = amount(totals.items[i]!.rate);
      const px = Math.min(r * 0.62, 26);
      const fitted = Math.floor(Math.min(px, (room / Math.max(1, this.width(text, `600 10px ${FAMILY}`))) * 10));
      if (fitted < 7) return;
      context.globalAlpha = Math.max(0.25, emphasis.items[i]!);
      context.font = `600 ${fitted}px ${FAMILY}`;
      context.fillStyle = palette.text;
      context.textBaseline = 'middle';
      context.fillText(text, x, y + fitted * 0.06);
    });
    context.globalAlpha = 1;
    context.textBaseline = 'top';
  }

  private boxTitles({ scene, totals, palette, toScreen, zoom }: Picture): { x: number; y: number; w: number; h: number }[] {
    const { context } = this;
    context.textAlign = 'left';
    return scene.boxes.flatMap((box) => {
      const [x, y] = toScreen(box.x, box.y);
      const closed = scene.items.some((item) => item.kind === 'region' && item.label === box.label);
      if (box.kind === 'region' && (closed || box.w * zoom < 120)) return [];
      const [title, note] = box.kind === 'region' ? [14, 11] : box.kind === 'plate' ? [15, 12] : [10, 10];
      const said = box.kind === 'plate' ? [rate(totals.items[0]!.rate), ...facts(totals.items[0]!)].join(' · ') : box.note;
      const font = `600 ${title}px ${FAMILY}`;
      const [dx, dy] = box.kind === 'plate' ? [0, -24] : box.kind === 'zone' ? [6, 3] : [16, 13];
      if (box.kind === 'zone' && this.width(box.label, font) > box.w * zoom - 8) return [];
      context.font = font;
      context.fillStyle = box.kind === 'zone' ? palette.soft : palette.text;
      context.fillText(box.label, x + dx, y + dy);
      const w = this.width(box.label, font);
      context.font = `${note}px ${FAMILY}`;
      context.fillStyle = palette.soft;
      if (said && (box.kind === 'plate' || w + 60 < box.w * zoom)) context.fillText(said, x + dx + w + 10, y + dy + title - note);
      return [{ x: x + dx, y: y + dy, w: w + this.width(said, context.font) + 14, h: title + 4 }];
    });
  }
}

/** The middle of what is seen of a link between the open service and a neighbour: the rest is under the plate. */
function besidePlate({ items }: Scene, from: Item): number {
  const plate = items[0]!;
  const across = Math.abs(plate.x - items.find((item) => item.x !== plate.x && !item.instance)!.x);
  const seen = Math.max(0.2, 1 - plate.r / across);
  return from === plate ? 1 - seen / 2 : seen / 2;
}

/** What stepped back may be written over. */
function discs({ ends, scene, emphasis, totals }: Picture, size: Size): { x: number; y: number; w: number; h: number }[] {
  return ends.flatMap(({ x, y, r }, i) => {
    if (scene.items[i]!.instance || emphasis.items[i]! < 0.3 || r < 5 || x < -r || y < -r || x > size.width + r || y > size.height + r) return [];
    const half = r * 0.88;
    const tail = bars(totals.items[i]!.longest) * 3.6;
    return [{ x: x - half - tail, y: y - half, w: half * 2 + tail, h: half * 2 }];
  });
}

/** Calls of a service to itself stand above it (`curve.ts`). */
function loops({ ends, scene }: Picture): { x: number; y: number; w: number; h: number }[] {
  return scene.links.filter((link) => link.from === link.to && !link.stub).map(({ from }) => {
    const { x, y, r } = ends[from]!;
    return { x: x - r, y: y - 3.4 * r, w: 2 * r, h: 2.4 * r };
  });
}

/** What is wrong, in as few words as there is room for. */
export function badness(item: Item, now: Totals): string | null {
  const parts: string[] = [];
  if (now.err > 0.002) parts.push(`${share(now.err)} err`);
  if (item.kind !== 'users' && isShort(now)) parts.push(`${Math.round(now.up)}/${Math.round(now.wanted)} up`);
  if (now.queue > 2 * now.wanted) parts.push(`${amount(Math.round(now.queue))} waiting`);
  return parts.length > 0 ? parts.join(' · ') : null;
}

export function facts(now: Totals): string[] {
  const parts = [`${share(now.err)} err`];
  if (Number.isFinite(now.util)) parts.push(`${share(now.util)} busy`);
  if (now.queue >= 1 && now.longest > 0.5) parts.push(`${amount(Math.round(now.queue))} waiting`);
  if (Number.isFinite(now.p99)) parts.push(`p99 ${seconds(now.p99)}`);
  if (isShort(now)) parts.push(`${Math.round(now.up)}/${Math.round(now.wanted)} up`);
  else if (now.up > 1) parts.push(`×${amount(Math.round(now.up))}`);
  return parts;
}
