/** Latencies over time on a canvas, with a logarithmic axis. */
import type { Heat } from '../api/types';
import type { Colours } from '../parts/colours';
import { clock, duration } from '../text/format';
import { binOf, histogram, lower, upper, used } from './histogram';
import { logTicks, timeTicks } from './ticks';
import { fit } from './track';

const LEFT = 56;
const BOTTOM = 20;
const RIGHT = 12;
const SHORTEST_S = 10;
export const FONT = '11px system-ui, sans-serif';

export interface HeatView {
  width: number;
  height: number;
  at: number | null;
  range: [number, number] | null;
}

export function drawHeat(canvas: HTMLCanvasElement, heat: Heat, view: HeatView, colours: Colours) {
  const context = fit(canvas, view.width, view.height);
  const area = { left: LEFT, top: 6, right: view.width - RIGHT, bottom: view.height - BOTTOM };
  const [first, last] = used(histogram(heat, 0, Infinity).counts);
  const end = Math.max(SHORTEST_S, heat.time_s.at(-1) ?? 0);
  const x = (time: number) => area.left + ((area.right - area.left) * time) / end;
  const y = (bin: number) => area.bottom - ((area.bottom - area.top) * (bin - first)) / (last + 1 - first);
  context.font = FONT;
  context.fillStyle = colours['text-quiet'];
  if (last > first) {
    cells(context, heat, [first, last], x, area, colours);
    latencyAxis(context, heat.bounds_s, [first, last], y, area);
  }
  timeAxis(context, end, x, view);
  looked(context, view, x, area, colours);
}

type Area = { left: number; right: number; top: number; bottom: number };

/** A pixel a cell, and then drawn as large as there is room. */
function cells(context: CanvasRenderingContext2D, heat: Heat, [first, last]: [number, number], x: (t: number) => number, area: Area, colours: Colours) {
  const [columns, rows] = [heat.time_s.length, last + 1 - first];
  const pixels = new ImageData(columns, rows);
  const ramp = shades(colours);
  const top = Math.log1p(Math.max(1, ...heat.counts.map((row) => Math.max(0, ...row))));
  heat.counts.forEach((row, column) => {
    for (let bin = first; bin < row.length; bin++) {
      if (row[bin]! > 0) pixels.data.set(ramp(Math.log1p(row[bin]!) / top), 4 * ((last - bin) * columns + column));
    }
  });
  const small = new OffscreenCanvas(columns, rows);
  small.getContext('2d')!.putImageData(pixels, 0, 0);
  const width = x(heat.time_s.at(-1)!) - area.left;
  // More columns than pixels: their mean, not one of them.
  context.imageSmoothingEnabled = columns > width;
  context.drawImage(small, area.left, area.top, width, area.bottom - area.top);
}

/** From the ground over the colour of answers to that of text; each is lighter, or each darker, than the one before. */
function shades(colours: Colours): (share: number) => [number, number, number, number] {
  const stops = [colours.sunken, colours.ok, colours.text].map((colour) => (colour.match(/\d+/g) ?? []).map(Number));
  return (share) => {
    const at = 0.15 + 0.85 * share;
    const [from, to, part] = at < 0.6 ? [stops[0]!, stops[1]!, at / 0.6] : [stops[1]!, stops[2]!, (at - 0.6) / 0.4];
    const channel = (i: number) => from[i]! + (to[i]! - from[i]!) * part;
    return [channel(0), channel(1), channel(2), 255];
  };
}

const ROW_PX = 22;

function latencyAxis(context: CanvasRenderingContext2D, bounds: number[], [first, last]: [number, number], y: (b: number) => number, area: Area) {
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const tick of logTicks(lower(bounds, first), upper(bounds, last), (area.bottom - area.top) / ROW_PX)) {
    context.fillText(duration(tick), LEFT - 6, y(binOf(bounds, tick)));
  }
}

const COLUMN_PX = 56;

function timeAxis(context: CanvasRenderingContext2D, end: number, x: (t: number) => number, { width, height }: HeatView) {
  context.textBaseline = 'alphabetic';
  context.textAlign = 'center';
  for (const tick of timeTicks(end, (width - LEFT) / COLUMN_PX)) {
    context.fillText(clock(tick), Math.min(x(tick), width - 16), height - 6);
  }
}

function looked(context: CanvasRenderingContext2D, view: HeatView, x: (t: number) => number, area: Area, colours: Colours) {
  context.strokeStyle = colours.accent;
  context.lineWidth = 2;
  if (view.range) context.strokeRect(x(view.range[0]), area.top, x(view.range[1]) - x(view.range[0]), area.bottom - area.top);
  if (view.at === null) return;
  context.fillStyle = colours.accent;
  context.fillRect(x(view.at) - 1, area.top, 2, area.bottom - area.top);
}

export const heatTime = (offsetX: number, width: number, end: number) =>
  Math.max(1, Math.round(((offsetX - LEFT) / (width - RIGHT - LEFT)) * Math.max(SHORTEST_S, end)));
