/** What the page reads of what the server says: `docs/reference/api.md` has all of it. */

export type RunState = 'running' | 'paused' | 'ended' | 'replaying';

export interface Run {
  id: string;
  name: string;
  seed: number;
  state: RunState;
  time_s: number;
  for_s: number;
  /** Simulated seconds a second; 0 is as fast as it goes. */
  pace: number;
  events: number;
  error: string | null;
  parent: string | null;
  branched_at_s: number | null;
}

export interface Region {
  name: string;
  zones: number[];
}

export interface Zone {
  name: string;
  region: number;
}

export interface Node {
  kind: 'users' | 'service';
  name: string;
  instances: number;
  /** Pairs of zone and instances in it. */
  zones: [number, number][];
  layer: number;
  x: number;
  y: number;
  cores: number;
  /** Null without a limit. */
  workers: number | null;
  queue: number | null;
  store: boolean;
  /** The kind of a service in the language. */
  role?: string;
  /** Of users, as `set` would say it. */
  timeout?: string;
  retry?: string;
  breaker?: string;
}

export interface Edge {
  from: number;
  to: number;
  calls: string[];
  /** Unless all its calls are messages. */
  awaited: boolean;
  /** Null where its calls differ. */
  timeout: string | null;
  retry: string | null;
  breaker: string | null;
}

/** Workloads stand first among the nodes, then services in the order of the file. */
export interface Topology {
  name: string;
  regions: Region[];
  zones: Zone[];
  nodes: Node[];
  edges: Edge[];
  width: number;
  height: number;
}

export interface Listed {
  name: string;
  kind: 'architecture' | 'lesson' | 'file';
  title: string;
  /** What `serve` was started with. */
  chosen: boolean;
}

export interface Diagnostic {
  severity: 'error' | 'warning';
  code: string;
  message: string;
  /** What was expected there; may be empty. */
  label: string;
  hint: string | null;
  from: number;
  to: number;
  line: number;
  column: number;
}

export interface Checked {
  diagnostics: Diagnostic[];
  findings: string[];
  scenarios: string[];
}

export interface Completion {
  from: number;
  options: { label: string; detail: string | null; apply: string | null }[];
}

export interface Hover {
  from: number;
  to: number;
  text: string;
}

export interface Imported {
  name: string;
  text: string;
  diagnostics: Diagnostic[];
}

/** A happening of the language without `at`. */
export type Happening = Record<string, unknown>;

export interface Happened {
  id: number;
  at_s: number;
  text: string;
  /** Warnings: of what has no effect here. */
  diagnostics: Diagnostic[];
}

export interface Script {
  happenings: string[];
  command: string;
}

export interface Event {
  n: number;
  at_s: number;
  kind: string;
  subject: string | null;
  text: string;
}

/** Columns by second; the server leaves out those that a node or an edge does not have. */
export type Series = { time_s: number[] } & Record<string, (number | null)[]>;

export interface Heat {
  /** When each column ends. */
  time_s: number[];
  /** Seconds a column; the last may be short of it. */
  covers_s: number;
  bounds_s: number[];
  /** Column after column; without the empty bins at the end. */
  counts: number[][];
}

export interface Part {
  service: string;
  cause: string;
  mean_s: number;
  tail_s: number;
}

export interface Slo {
  text: string;
  unit: 's' | 'share' | '1/s';
  value: number | null;
  holds: boolean | null;
  /** Where most of the time goes of the requests that it is about. */
  because: Part | null;
}

export type Over = 'recent' | 'run';

export interface Why {
  from_s: number;
  to_s: number;
  workloads: { name: string; parts: Part[] }[];
  culprit: string | null;
  hot: string | null;
  slo: Slo[];
}

export interface Instance {
  number: number;
  zone: string;
  health: string;
  busy: number;
  waiting: number;
  present: number;
}

export type Pick = 'slowest' | 'failed' | 'random';

export interface TraceSummary {
  id: string;
  workload: string;
  at_s: number;
  duration_s: number;
  spans: number;
  ok: boolean;
}

export interface Span {
  parent: number | null;
  service: string;
  instance: number | null;
  name: string;
  side: string;
  start_s: number;
  end_s: number;
  /** How it ended: `ok`, or what went wrong. */
  end: string;
  critical_s: number;
  parts: { cause: string; from_s: number; to_s: number }[];
}

export interface Trace {
  id: string;
  spans: Span[];
}

export interface Flame {
  name: string;
  value_s: number;
  self_s: number;
  children: Flame[];
}

export interface Difference {
  metric: string;
  a: number | null;
  b: number | null;
  difference: number | null;
  ci95: [number, number] | null;
}

export interface Comparison {
  workloads: { name: string; metrics: Difference[] }[];
  services: { name: string; metrics: Difference[] }[];
}
