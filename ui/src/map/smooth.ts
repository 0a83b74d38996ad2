import { EDGE, EDGE_WIDTH, NODE, NODE_WIDTH } from './columns';
import { movingMax, updateUsual } from './dots';
import type { MapData, Topology } from './types';

/** Ticks of a tenth of a second jump about; what is shown follows them within about a second. */
const SETTLING = 0.7;

/** What the frames say, made calm enough to read. */
export class Smooth {
  nodes: Float32Array;
  edges: Float32Array;
  readonly usual: Float32Array;
  /** The largest rate of a link of late. */
  most = 0;
  private time = NaN;

  constructor(private readonly topology: Topology) {
    this.nodes = new Float32Array(topology.nodes.length * NODE_WIDTH).fill(NaN);
    this.edges = new Float32Array(topology.edges.length * EDGE_WIDTH).fill(NaN);
    this.usual = new Float32Array(topology.edges.length);
  }

  /** Takes a frame in; `elapsed` are seconds of the clock since the last. Looks back and long steps are shown as they are. */
  take(data: MapData, elapsed: number): void {
    const step = data.time - this.time;
    const jump = data.paused || !(step >= 0 && step < 30);
    const keep = jump ? 0 : Math.exp(-elapsed / SETTLING);
    blend(this.nodes, data.nodes, keep);
    blend(this.edges, data.edges, keep);
    const rows = this.topology.edges.length;
    const p50 = EDGE.p50 * rows;
    updateUsual(this.usual, this.edges.subarray(p50, p50 + rows), Number.isFinite(step) ? step : 0);
    this.time = data.time;
    // Instances and their queues are whole: no reason to smooth them.
    for (const column of [NODE.up, NODE.wanted]) {
      const start = column * this.topology.nodes.length;
      this.nodes.set(data.nodes.subarray(start, start + this.topology.nodes.length), start);
    }
  }

  follow(rates: ArrayLike<number>, elapsed: number): void {
    this.most = movingMax(this.most, rates, elapsed);
  }

  shown(data: MapData): MapData {
    return { ...data, nodes: this.nodes, edges: this.edges };
  }
}

function blend(into: Float32Array, now: Float32Array, keep: number): void {
  for (let i = 0; i < into.length; i++) {
    const [before, value] = [into[i]!, now[i] ?? NaN];
    into[i] = keep === 0 || Number.isNaN(before) || Number.isNaN(value) ? value : value + (before - value) * keep;
  }
}
