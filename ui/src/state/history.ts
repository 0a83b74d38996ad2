/** Series by second: fetched once for what is looked at, and then grown by the frames of the stream. */
import type { EdgeColumn, Frame, NodeColumn } from '../api/frames';
import { EDGE_COLUMNS, NODE_COLUMNS } from '../api/frames';
import type { Series, Topology } from '../api/types';

interface Kept {
  series: Series | null;
  coming: Promise<Series> | null;
}

export class History {
  private readonly kept = new Map<string, Kept>();
  private nodes = new Map<string, number>();
  private edges = new Map<string, number>();
  private readonly fetch: (of: string) => Promise<Series>;

  constructor(fetch: (of: string) => Promise<Series>) {
    this.fetch = fetch;
  }

  know(topology: Topology) {
    const name = (at: number) => topology.nodes[at]?.name ?? '';
    this.nodes = new Map(topology.nodes.map((node, at) => [node.name, at]));
    this.edges = new Map(topology.edges.map((edge, at) => [`${name(edge.from)}->${name(edge.to)}`, at]));
    this.forget();
  }

  forget() {
    this.kept.clear();
  }

  /** The series of a node, or of an edge `a->b`, as far as it is known. */
  async of(name: string): Promise<Series> {
    const known = this.kept.get(name) ?? { series: null, coming: null };
    this.kept.set(name, known);
    if (known.series) return known.series;
    known.coming ??= this.fetch(name);
    try {
      known.series = await known.coming;
      return known.series;
    } finally {
      known.coming = null;
    }
  }

  take(frame: Frame) {
    for (const [name, kept] of this.kept) {
      if (kept.series && !this.extend(name, kept.series, frame)) kept.series = null;
    }
  }

  /** False if a second is missing: then the whole is fetched again when somebody looks. */
  private extend(name: string, series: Series, frame: Frame): boolean {
    const last = series.time_s.at(-1) ?? 0;
    if (frame.time_s <= last + 1e-6) return frame.time_s > last - 1;
    if (frame.time_s > last + 1.5) return false;
    const node = this.nodes.get(name);
    const edge = this.edges.get(name);
    const row = node !== undefined ? frame.nodes.indexOf(node) : edge !== undefined ? frame.edges.indexOf(edge) : -1;
    if (row < 0) return false;
    series.time_s.push(frame.time_s);
    const names = node !== undefined ? NODE_COLUMNS : EDGE_COLUMNS;
    const columns = node !== undefined ? frame.node : frame.edge;
    for (const column of names) push(series, column, (columns as Record<string, Float32Array>)[column]![row]!);
    return true;
  }
}

function push(series: Series, column: NodeColumn | EdgeColumn, value: number) {
  (series[column] ??= []).push(Number.isNaN(value) ? null : value);
}
