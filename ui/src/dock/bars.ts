/** Histograms of response times on a canvas, with a logarithmic axis, their modes and percentiles. */
import type { Colours } from '../parts/colours';
import { duration } from '../text/format';
import { FONT } from './heatmap';
import { binOf, lower, modes, place, quantile, upper, used, type Histogram } from './histogram';
import { logTicks } from './ticks';
import { fit } from './track';

export interface Drawn {
  label: string;
  histogram: Histogram;
  colour: 'ok' | 'retry';
}

interface Frame {
  context: CanvasRenderingContext2D;
  colours: Colours;
  /** The bins shown. */
  bins: [number, number];
  x: (bin: number) => number;
  y: (share: number) => number;
  bottom: number;
}

const SIDE = 20;
const TOP = 34;
const BOTTOM = 20;

/** Several are drawn over each other, each as shares of its own total. */
export function drawHistogram(canvas: HTMLCanvasElement, drawn: Drawn[], width: number, height: number, colours: Colours) {
  const context = fit(canvas, width, height);
  const some = drawn.filter((it) => it.histogram.total > 0);
  if (!some.length) return;
  const first = Math.min(...some.map((it) => used(it.histogram.counts)[0]));
  const last = Math.max(...some.map((it) => used(it.histogram.counts)[1]));
  const top = Math.max(...some.map(({ histogram }) => Math.max(...histogram.counts) / histogram.total));
  const bottom = height - BOTTOM;
  const x = (bin: number) => SIDE + ((width - 2 * SIDE) * (bin - first)) / (last + 1 - first);
  const frame: Frame = { context, colours, bins: [first, last], x, y: (share) => bottom - ((bottom - TOP) * share) / top, bottom };
  context.font = FONT;
  for (const it of some) bars(frame, it);
  for (const it of some) percentiles(frame, it, some.length === 1);
  if (some.length === 1) peaks(frame, some[0]!.histogram);
  axis(frame, some[0]!.histogram.bounds_s, height - 6);
}

function bars({ context, colours, bins: [first, last], x, y, bottom }: Frame, { histogram, colour }: Drawn) {
  context.fillStyle = colours[colour];
  context.strokeStyle = colours[colour];
  context.lineWidth = 1.5;
  context.setLineDash(colour === 'ok' ? [] : [4, 2]);
  context.beginPath();
  context.moveTo(x(first), bottom);
  for (let bin = first; bin <= last; bin++) {
    const at = y((histogram.counts[bin] ?? 0) / histogram.total);
    context.lineTo(x(bin), at);
    context.lineTo(x(bin + 1), at);
  }
  context.lineTo(x(last + 1), bottom);
  context.globalAlpha = 0.3;
  context.fill();
  context.globalAlpha = 1;
  context.stroke();
  context.setLineDash([]);
}

/** Where each hill has its top. */
function peaks({ context, colours, x, y }: Frame, { counts, bounds_s, total }: Histogram) {
  context.fillStyle = colours.text;
  context.strokeStyle = colours.surface;
  context.lineWidth = 4;
  context.textAlign = 'center';
  for (const bin of modes(counts)) {
    const highest = Math.max(...counts.slice(Math.max(0, bin - 2), bin + 3));
    const middle = Math.sqrt(lower(bounds_s, bin) * upper(bounds_s, bin));
    const at: [string, number, number] = [duration(middle), x(bin + 0.5), y(highest / total) - 5];
    context.strokeText(...at);
    context.fillText(...at);
  }
}

const QUANTILES: [string, number][] = [['p50', 0.5], ['p99', 0.99], ['p99.9', 0.999]];
/** Names stand on two lines, for p99 and p99.9 may be near each other. */
const BASELINES = [10, 10, 22];

function percentiles({ context, colours, bins: [, last], x, bottom }: Frame, { histogram, colour }: Drawn, named: boolean) {
  context.textAlign = 'center';
  context.setLineDash([3, 3]);
  context.lineWidth = 1.5;
  context.strokeStyle = colours[colour];
  context.fillStyle = colours['text-quiet'];
  QUANTILES.forEach(([label, share], row) => {
    const at = x(place(histogram, share)!);
    context.beginPath();
    context.moveTo(at, named ? BASELINES[row]! + 4 : TOP);
    context.lineTo(at, bottom);
    context.stroke();
    const text = `${label} ${duration(quantile(histogram, share))}`;
    const half = context.measureText(text).width / 2;
    if (named) context.fillText(text, Math.min(Math.max(at, half), x(last + 1) + SIDE - half), BASELINES[row]!);
  });
  context.setLineDash([]);
}

const LABEL_PX = 56;

function axis({ context, colours, bins: [first, last], x }: Frame, bounds: number[], baseline: number) {
  context.fillStyle = colours['text-quiet'];
  context.textAlign = 'center';
  for (const tick of logTicks(lower(bounds, first), upper(bounds, last), (x(last + 1) - x(first)) / LABEL_PX)) {
    context.fillText(duration(tick), x(binOf(bounds, tick)), baseline);
  }
}
