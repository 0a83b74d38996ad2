import { element, setText } from './dom';
import { rate } from './format';
import { SLOW_FACTOR } from './dots';

const SVG = 'http://www.w3.org/2000/svg';

/** What shapes and colours mean; colours come from the style sheet, so that it follows the theme. */
const SIGNS: readonly [sign: string, path: string, word: string, hint: string][] = [
  ['ok', 'M8 5.2a2.8 2.8 0 1 0 .01 0z', 'ok', 'an attempt that succeeded'],
  ['slow', 'M3.5 5.7h9a2.3 2.3 0 0 1 0 4.6h-9a2.3 2.3 0 0 1 0-4.6z', 'slow', `took more than ${SLOW_FACTOR} times the usual median of its link`],
  ['error', 'M8 2.5 13.5 8 8 13.5 2.5 8z', 'error', 'failed, refused or timed out'],
  ['retry', 'M8 3a5 5 0 1 0 .01 0zm0 2.6a2.4 2.4 0 1 1-.01 0z', 'retry', 'a repeated attempt'],
  ['busy', 'M8 1.8A6.2 6.2 0 1 1 2 9.6l2.4-.7A3.7 3.7 0 1 0 8 4.3z', 'busy', 'how much of its capacity a service uses: amber from 70%, red from 90%'],
  ['failing', 'M8 1.6a6.4 6.4 0 0 0-5.6 3.3l1.5.8A4.7 4.7 0 0 1 8 3.3z', 'failing', 'share of requests that fail, outside the ring'],
  ['queue', 'M2 4h2.2v8H2zm4 0h2.2v8H6zm4 0h2.2v8H10z', 'waiting', 'requests that wait for each instance: two bars for every doubling'],
];

export class Legend {
  private readonly root = element('details', 'map-legend');
  private readonly scale = element('span', 'scale');

  constructor(overlay: HTMLElement) {
    const summary = element('summary', '');
    summary.append(...SIGNS.slice(0, 4).map(sign));
    summary.setAttribute('aria-label', 'Legend');
    const more = element('div', 'more');
    more.append(...SIGNS.slice(4).map(sign), this.scale);
    more.append(element('span', 'scale', 'speed: dots of slow links go slowly'));
    this.root.append(summary, more);
    overlay.append(this.root);
  }

  setScale(most: number): void {
    setText(this.scale, `density: square root of the rate; densest ${rate(most)}`);
  }

  /** Where it lies, in pixels of the overlay: labels keep out of it. Asking lays the page out, so ask seldom. */
  rect(): { x: number; y: number; w: number; h: number } {
    const { offsetLeft: x, offsetTop: y, offsetWidth: w, offsetHeight: h } = this.root;
    return { x, y, w, h };
  }

  get moved(): EventTarget {
    return this.root;
  }
}

function sign([name, path, word, hint]: (typeof SIGNS)[number]): HTMLElement {
  const root = element('span', `sign ${name}`);
  root.title = hint;
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const shape = document.createElementNS(SVG, 'path');
  shape.setAttribute('d', path);
  svg.append(shape);
  root.append(svg, word);
  return root;
}
