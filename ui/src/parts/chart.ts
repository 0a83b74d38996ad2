/** Small charts over time, all with the same cursor. */
import uPlot from 'uplot';
import { STEPS_S } from '../text/format';
import type { Colours, ColourName } from './colours';

export interface Line {
  label: string;
  values: (number | null)[];
  colour: ColourName;
  /** Lines differ in how they are drawn too. */
  dash?: number[];
}

export interface ChartSpec {
  title: string;
  time: number[];
  lines: Line[];
  format: (x: number | null) => string;
  /** The largest value that is always shown. */
  atLeast?: number;
}

export interface Marks {
  at: number | null;
  range: [number, number] | null;
  events: number[];
  end: number;
}

export interface Callbacks {
  marks(): Marks;
  colours(): Colours;
  go(time: number): void;
  brush(range: [number, number] | null): void;
  cursor(index: number | null): void;
}

const SYNC = 'run';
const FONT = '11px system-ui, sans-serif';

export function makeChart(holder: HTMLElement, spec: ChartSpec, size: { width: number; height: number }, calls: Callbacks): uPlot {
  const plot = new uPlot(options(spec, size, calls), data(spec), holder);
  plot.over.addEventListener('dblclick', () => calls.brush(null));
  return plot;
}

export const data = (spec: ChartSpec): uPlot.AlignedData => [spec.time, ...spec.lines.map((line) => line.values)];

function options(spec: ChartSpec, size: { width: number; height: number }, calls: Callbacks): uPlot.Options {
  const axis = { font: FONT, stroke: () => calls.colours()['text-quiet'], ticks: { show: false }, grid: { stroke: () => calls.colours().line, width: 1 } };
  return {
    ...size,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: SYNC }, drag: { x: true, y: false, setScale: false }, points: { size: 5 }, y: false },
    scales: {
      x: { time: false, range: () => [0, Math.max(10, calls.marks().end)] },
      y: { range: (_, low, high) => limits(low, high, spec.atLeast) },
    },
    axes: [
      { ...axis, size: 18, gap: 4, space: 56, incrs: STEPS_S, values: (_, splits) => splits.map(axisTime) },
      { ...axis, size: 52, gap: 4, space: 18, values: (_, splits) => splits.map((x) => (x === 0 ? '' : spec.format(x))) },
    ],
    series: [{}, ...spec.lines.map((line) => drawn(line, calls))],
    hooks: {
      drawClear: [(plot) => drawMarks(plot, calls)],
      setSelect: [(plot) => brushed(plot, calls)],
      setCursor: [(plot) => calls.cursor(plot.cursor.idx ?? null)],
      ready: [(plot) => clicks(plot, calls)],
    },
  };
}

function drawn(line: Line, calls: Callbacks): uPlot.Series {
  const series: uPlot.Series = { label: line.label, stroke: () => calls.colours()[line.colour], width: 1.5, points: { show: false }, spanGaps: false };
  return line.dash ? { ...series, dash: line.dash } : series;
}

function limits(low: number | null, high: number | null, atLeast = 0): [number, number] {
  const top = Math.max(high ?? 0, atLeast);
  return [Math.min(0, low ?? 0), top > 0 ? top * 1.08 : 1];
}

function axisTime(seconds: number): string {
  const [m, s] = [Math.floor(seconds / 60), Math.round(seconds % 60)];
  return `${m}:${String(s).padStart(2, '0')}`;
}

function drawMarks(plot: uPlot, calls: Callbacks) {
  const { at, range, events } = calls.marks();
  const { ctx, bbox } = plot;
  const x = (time: number) => Math.round(plot.valToPos(time, 'x', true));
  ctx.save();
  if (range) {
    ctx.fillStyle = calls.colours()['accent-soft'];
    ctx.fillRect(x(range[0]), bbox.top, x(range[1]) - x(range[0]), bbox.height);
  }
  ctx.fillStyle = calls.colours()['line-strong'];
  for (const event of events) ctx.fillRect(x(event), bbox.top, 1, bbox.height);
  ctx.fillStyle = calls.colours().accent;
  if (at !== null) ctx.fillRect(x(at), bbox.top, 2, bbox.height);
  ctx.restore();
}

/** A drag of some pixels is a click. */
const CLICK_PX = 4;

function brushed(plot: uPlot, calls: Callbacks) {
  const { left, width } = plot.select;
  if (width < CLICK_PX) return;
  calls.brush([Math.max(0, plot.posToVal(left, 'x')), plot.posToVal(left + width, 'x')]);
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

function clicks(plot: uPlot, calls: Callbacks) {
  let from = 0;
  plot.over.addEventListener('mousedown', (event) => (from = event.clientX));
  plot.over.addEventListener('mouseup', (event) => {
    const moved = Math.abs(event.clientX - from);
    const time = plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, 'x');
    if (moved < CLICK_PX && event.detail < 2) calls.go(Math.max(0, time));
  });
}
