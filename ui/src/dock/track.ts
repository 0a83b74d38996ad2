/** The whole run as a strip: how much was answered, what failed, what happened, and what is looked at. */
import type { Event, Series } from '../api/types';
import type { Colours } from '../parts/colours';

export interface Track {
  width: number;
  height: number;
  end: number;
  at: number | null;
  range: [number, number] | null;
  series: Series | null;
  events: Event[];
}

/** Sharp on every screen. */
export function fit(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d')!;
  context.scale(ratio, ratio);
  return context;
}

export function drawTrack(canvas: HTMLCanvasElement, track: Track, colours: Colours) {
  const { width, height, end } = track;
  const context = fit(canvas, width, height);
  const x = (time: number) => (time / end) * width;
  context.fillStyle = colours.sunken;
  context.fillRect(0, 0, width, height);
  if (track.range) {
    context.fillStyle = colours['accent-soft'];
    context.fillRect(x(track.range[0]), 0, x(track.range[1]) - x(track.range[0]), height);
  }
  if (track.series) drawTraffic(context, track.series, x, height, colours);
  context.fillStyle = colours.text;
  for (const event of track.events) drawFlag(context, x(event.at_s), height);
  if (track.at !== null) drawHead(context, x(track.at), height, colours);
}

function drawTraffic(context: CanvasRenderingContext2D, series: Series, x: (t: number) => number, height: number, colours: Colours) {
  const [ok, errors] = [series['ok'] ?? [], series['errors'] ?? []];
  const total = series.time_s.map((_, second) => (ok[second] ?? 0) + (errors[second] ?? 0));
  const top = Math.max(1e-9, ...total);
  const scale = (height - 10) / top;
  series.time_s.forEach((time, second) => {
    const [left, right] = [x(time - 1), x(time)];
    const width = Math.max(1, right - left - (right - left > 4 ? 1 : 0));
    const [good, bad] = [(ok[second] ?? 0) * scale, (errors[second] ?? 0) * scale];
    context.fillStyle = colours.ok;
    context.globalAlpha = 0.45;
    context.fillRect(left, height - good, width, good);
    context.globalAlpha = 1;
    context.fillStyle = colours.error;
    context.fillRect(left, height - good - bad, width, bad);
  });
}

function drawFlag(context: CanvasRenderingContext2D, x: number, height: number) {
  context.fillRect(Math.round(x), 0, 1, height);
  context.beginPath();
  context.moveTo(Math.round(x), 0);
  context.lineTo(Math.round(x) + 6, 3);
  context.lineTo(Math.round(x), 6);
  context.fill();
}

function drawHead(context: CanvasRenderingContext2D, x: number, height: number, colours: Colours) {
  context.fillStyle = colours.accent;
  context.fillRect(Math.round(x) - 1, 0, 2, height);
  context.beginPath();
  context.arc(x, height - 4, 4, 0, 7);
  context.fill();
}
