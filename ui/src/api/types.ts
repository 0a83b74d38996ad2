/** What the server says, as `docs/reference/api.md` puts it. */

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
  workers: number | null;
  store: boolean;
  about: Record<string, string>;
}

export interface Edge {
  from: number;
  to: number;
  calls: string[];
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
