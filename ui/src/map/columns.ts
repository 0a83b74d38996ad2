/** The columns of a frame, in the order of the stream. */
export const NODE = {
  rate: 0, ok: 1, errors: 2, refused: 3, retries: 4, utilization: 5,
  queue: 6, inFlight: 7, up: 8, wanted: 9, p50: 10, p99: 11, p999: 12,
} as const;
export const EDGE = { rate: 0, ok: 1, errors: 2, retries: 3, timeouts: 4, p50: 5, p99: 6 } as const;

export const NODE_WIDTH = Object.keys(NODE).length;
export const EDGE_WIDTH = Object.keys(EDGE).length;

/** A cell of column-major columns of `rows` rows; where there is nothing to say, NaN. */
export function cell(columns: Float32Array, rows: number, column: number, row: number): number {
  return columns[column * rows + row] ?? NaN;
}

/** The same where nothing to say counts as none. */
export function count(columns: Float32Array, rows: number, column: number, row: number): number {
  const value = columns[column * rows + row];
  return value === undefined || Number.isNaN(value) ? 0 : value;
}
