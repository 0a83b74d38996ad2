/** A chart as a picture of its own: SVG from the numbers, PNG from that. */
import type { ChartSpec, Line } from '../parts/chart';
import type { Colours } from '../parts/colours';
import { clock } from '../text/format';

const [WIDTH, HEIGHT] = [720, 280];
const PLOT = { left: 64, top: 44, right: 704, bottom: 248 };

export function svg(spec: ChartSpec, colours: Colours): string {
  const end = spec.time.at(-1) ?? 1;
  const top = Math.max(spec.atLeast ?? 0, ...spec.lines.flatMap((line) => line.values.map((value) => value ?? 0))) || 1;
  const x = (time: number) => PLOT.left + ((PLOT.right - PLOT.left) * time) / end;
  const y = (value: number) => PLOT.bottom - ((PLOT.bottom - PLOT.top) * value) / (1.05 * top);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="${colours.text}">`,
    `<rect width="100%" height="100%" fill="${colours.surface}"/>`,
    `<text x="16" y="24" font-weight="600">${escape(spec.title)}</text>`,
    ...ticks.map((share) => grid(y(share * top), spec.format(share * top), colours)),
    ...ticks.map((share) => `<text x="${x(share * end)}" y="${PLOT.bottom + 18}" text-anchor="middle" fill="${colours['text-quiet']}">${clock(share * end)}</text>`),
    ...spec.lines.map((line) => path(line, spec.time, x, y, colours)),
    ...spec.lines.map((line, index) => legend(line, index, colours)),
    '</svg>',
  ].join('\n');
}

const escape = (text: string) => text.replace(/[&<>"]/g, (it) => `&#${it.charCodeAt(0)};`);

function grid(y: number, label: string, colours: Colours): string {
  return `<path d="M${PLOT.left} ${y}H${PLOT.right}" stroke="${colours.line}"/><text x="${PLOT.left - 8}" y="${y + 4}" text-anchor="end" fill="${colours['text-quiet']}">${escape(label)}</text>`;
}

/** A gap in the numbers is a gap in the line. */
function path(line: Line, time: number[], x: (t: number) => number, y: (v: number) => number, colours: Colours): string {
  let pen = 'M';
  let d = '';
  line.values.forEach((value, index) => {
    if (value === null) {
      pen = 'M';
      return;
    }
    d += `${pen}${x(time[index]!).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = 'L';
  });
  return `<path d="${d}" fill="none" stroke="${colours[line.colour]}" stroke-width="1.5" stroke-dasharray="${line.dash?.join(' ') ?? 'none'}"/>`;
}

function legend(line: Line, index: number, colours: Colours): string {
  const at = 200 + 120 * index;
  return `<path d="M${at} 20h16" stroke="${colours[line.colour]}" stroke-width="2" stroke-dasharray="${line.dash?.join(' ') ?? 'none'}"/><text x="${at + 22}" y="24" fill="${colours['text-quiet']}">${escape(line.label)}</text>`;
}

export async function png(text: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: 2 * WIDTH, height: 2 * HEIGHT });
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvasBlob(canvas);
}

export function canvasBlob(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((done, failed) =>
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error('the picture is too large'))), 'image/png'),
  );
}

export function save(name: string, content: Blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
