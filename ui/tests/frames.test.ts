import { describe, expect, it } from 'vitest';
import { decode, EDGE_COLUMNS, mean, NODE_COLUMNS, Table } from '../src/api/frames';
import { EDGE, NODE } from '../src/map/columns';

interface Rows {
  nodes: [number, number[]][];
  edges: [number, number[]][];
}

/** Written from the table of `docs/reference/api.md`, not from the decoder. */
function frame(kind: number, time: number, { nodes, edges }: Rows): ArrayBuffer {
  const bytes = new DataView(new ArrayBuffer(32 + 4 * (14 * nodes.length + 8 * edges.length)));
  [0x54, 0x53, 0x52, 0x31].forEach((byte, at) => bytes.setUint8(at, byte));
  bytes.setUint8(4, 1);
  bytes.setUint8(5, kind);
  bytes.setUint16(6, 1, true);
  bytes.setFloat64(8, time, true);
  bytes.setFloat32(16, 1, true);
  bytes.setUint32(20, 7, true);
  bytes.setUint32(24, nodes.length, true);
  bytes.setUint32(28, edges.length, true);
  let at = 32;
  for (const rows of [nodes, edges]) {
    for (const [row] of rows) bytes.setUint32((at += 4) - 4, row, true);
    const width = rows === nodes ? 13 : 7;
    for (let column = 0; column < width; column++) {
      for (const [, values] of rows) bytes.setFloat32((at += 4) - 4, values[column] ?? NaN, true);
    }
  }
  return bytes.buffer;
}

describe('frames', () => {
  it('are read column after column', () => {
    const read = decode(frame(2, 12, { nodes: [[3, [800, 790, 10]], [0, [5]]], edges: [[1, [40, 39, 1, 2, 3, 0.25, 0.5]]] }));
    expect(read).toMatchObject({ kind: 'second', whole: true, time_s: 12, covers_s: 1, number: 7 });
    expect([...read.nodes]).toEqual([3, 0]);
    expect([...read.node.rate]).toEqual([800, 5]);
    expect([...read.node.errors]).toEqual([10, NaN]);
    expect([...read.edges]).toEqual([1]);
    expect(read.edge.p99_s[0]).toBe(0.5);
  });

  it.each([
    ['too short for a head', new ArrayBuffer(8)],
    ['of something else', new ArrayBuffer(64)],
    ['cut off', frame(1, 1, { nodes: [[0, [1]]], edges: [] }).slice(0, 60)],
  ])('%s are refused', (_, bytes) => expect(() => decode(bytes)).toThrow());

  it('change only the rows they hold', () => {
    const table = new Table(3, 2);
    table.take(decode(frame(2, 1, { nodes: [[0, [1]], [1, [2]], [2, [3]]], edges: [[0, [4]], [1, [5]]] })));
    table.take(decode(frame(1, 1.1, { nodes: [[1, [20]]], edges: [] })));
    expect([...table.node.rate]).toEqual([1, 20, 3]);
    expect([...table.edge.rate]).toEqual([4, 5]);
    expect(table.time_s).toBe(1.1);
  });

  it('lie in one array as the map wants them', () => {
    const table = new Table(2, 1);
    table.take(decode(frame(2, 1, { nodes: [[0, NODE_COLUMNS.map((_, column) => column)]], edges: [[0, EDGE_COLUMNS.map((_, column) => column)]] })));
    NODE_COLUMNS.forEach((_, column) => expect(table.nodes[column * 2]).toBe(column));
    EDGE_COLUMNS.forEach((_, column) => expect(table.edges[column]).toBe(column));
    const key = (name: string) => name.replace(/_s$/, '').replace('in_flight', 'inFlight');
    expect(Object.entries(NODE)).toEqual(NODE_COLUMNS.map((name, at) => [key(name), at]));
    expect(Object.entries(EDGE)).toEqual(EDGE_COLUMNS.map((name, at) => [key(name), at]));
  });

  it('have a mean that leaves out what is not a number', () => {
    const [a, b] = [new Table(1, 0), new Table(1, 0)];
    a.node.rate[0] = 10;
    b.node.rate[0] = 30;
    b.node.queue[0] = 4;
    const both = mean([a, b], 1, 0);
    expect([both.node.rate[0], both.node.queue[0], both.node.p50_s[0]]).toEqual([20, 4, NaN]);
  });
});
