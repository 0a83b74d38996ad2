/** Frames of the stream: columns of little-endian numbers, read where they lie. */

export const NODE_COLUMNS = [
  'rate', 'ok', 'errors', 'refused', 'retries', 'utilization', 'queue', 'in_flight', 'up', 'wanted', 'p50_s', 'p99_s', 'p999_s',
] as const;
export const EDGE_COLUMNS = ['rate', 'ok', 'errors', 'retries', 'timeouts', 'p50_s', 'p99_s'] as const;

export type NodeColumn = (typeof NODE_COLUMNS)[number];
export type EdgeColumn = (typeof EDGE_COLUMNS)[number];
export type Columns<Name extends string> = Record<Name, Float32Array>;

export interface Frame {
  kind: 'tick' | 'second';
  /** Every row is here. */
  whole: boolean;
  time_s: number;
  covers_s: number;
  number: number;
  nodes: Uint32Array;
  node: Columns<NodeColumn>;
  edges: Uint32Array;
  edge: Columns<EdgeColumn>;
}

const MAGIC = 0x31525354;
const HEADER = 32;

/** Typed arrays have the byte order of the machine, and every machine a browser runs on is little-endian. */
export function decode(buffer: ArrayBuffer): Frame {
  if (buffer.byteLength < HEADER) throw new Error('a frame without a head');
  const head = new DataView(buffer, 0, HEADER);
  if (head.getUint32(0, true) !== MAGIC || head.getUint8(4) !== 1) throw new Error('not a frame of version 1');
  const [nNodes, nEdges] = [head.getUint32(24, true), head.getUint32(28, true)];
  const length = HEADER + 4 * (nNodes * (1 + NODE_COLUMNS.length) + nEdges * (1 + EDGE_COLUMNS.length));
  if (buffer.byteLength !== length) throw new Error(`a frame of ${buffer.byteLength} bytes instead of ${length}`);
  const edgesAt = HEADER + 4 * nNodes * (1 + NODE_COLUMNS.length);
  return {
    kind: head.getUint8(5) === 2 ? 'second' : 'tick',
    whole: (head.getUint16(6, true) & 1) === 1,
    time_s: head.getFloat64(8, true),
    covers_s: head.getFloat32(16, true),
    number: head.getUint32(20, true),
    nodes: new Uint32Array(buffer, HEADER, nNodes),
    node: columns(NODE_COLUMNS, buffer, HEADER + 4 * nNodes, nNodes),
    edges: new Uint32Array(buffer, edgesAt, nEdges),
    edge: columns(EDGE_COLUMNS, buffer, edgesAt + 4 * nEdges, nEdges),
  };
}

function columns<Name extends string>(names: readonly Name[], buffer: ArrayBuffer, at: number, n: number): Columns<Name> {
  const entries = names.map((name, index) => [name, new Float32Array(buffer, at + 4 * n * index, n)]);
  return Object.fromEntries(entries) as Columns<Name>;
}

/** What is known of every node and edge, kept up to date by frames that say only what changed. */
export class Table {
  time_s = 0;
  /** Column after column, as the map takes them. */
  readonly nodes: Float32Array;
  readonly edges: Float32Array;
  readonly node: Columns<NodeColumn>;
  readonly edge: Columns<EdgeColumn>;

  constructor(nNodes: number, nEdges: number) {
    this.nodes = new Float32Array(nNodes * NODE_COLUMNS.length).fill(NaN);
    this.edges = new Float32Array(nEdges * EDGE_COLUMNS.length).fill(NaN);
    this.node = columns(NODE_COLUMNS, this.nodes.buffer as ArrayBuffer, 0, nNodes);
    this.edge = columns(EDGE_COLUMNS, this.edges.buffer as ArrayBuffer, 0, nEdges);
  }

  /** The same numbers as another object: who is given it looks again. */
  again(): Table {
    return Object.assign(Object.create(Table.prototype) as Table, this);
  }

  take(frame: Frame) {
    this.time_s = frame.time_s;
    for (const name of NODE_COLUMNS) scatter(this.node[name], frame.nodes, frame.node[name]);
    for (const name of EDGE_COLUMNS) scatter(this.edge[name], frame.edges, frame.edge[name]);
  }
}

function scatter(into: Float32Array, rows: Uint32Array, values: Float32Array) {
  for (let i = 0; i < rows.length; i++) into[rows[i]!] = values[i]!;
}

/** The mean of several moments, what is not a number left out. */
export function mean(tables: Table[], nNodes: number, nEdges: number): Table {
  const all = new Table(nNodes, nEdges);
  average(all.nodes, tables.map((it) => it.nodes));
  average(all.edges, tables.map((it) => it.edges));
  all.time_s = tables.at(-1)?.time_s ?? 0;
  return all;
}

function average(into: Float32Array, from: Float32Array[]) {
  for (let cell = 0; cell < into.length; cell++) {
    const values = from.map((table) => table[cell]!).filter((value) => !Number.isNaN(value));
    into[cell] = values.length ? values.reduce((a, b) => a + b) / values.length : NaN;
  }
}
