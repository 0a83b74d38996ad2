import type { Topology } from '../api/types';

export type { Topology };

/** One moment of a run: what the frames add up to, in the columns of the stream (docs/reference/api.md). */
export interface MapData {
  topology: Topology;
  /** 12 columns of as many rows as there are nodes; see `NODE` in columns.ts. */
  nodes: Float32Array;
  /** 7 columns of as many rows as there are edges; see `EDGE`. */
  edges: Float32Array;
  /** Simulated seconds. */
  time: number;
  paused: boolean;
}

/** How deep the map looks: regions (or groups), services, the instances of one. */
export type Depth = 'world' | 'region' | 'service';
export type Level = 'auto' | Depth;
export type Theme = 'light' | 'dark';
export type Mark = 'culprit' | 'hot';

/** Something on the map that can be pointed at. */
export type Target =
  | { kind: 'node'; name: string; region: string | null }
  | { kind: 'edge'; from: string; to: string }
  | { kind: 'group'; label: string; names: string[] }
  | { kind: 'region'; name: string }
  | { kind: 'instance'; name: string; number: number };

export interface MapOptions {
  /** Name of a node. */
  selected: string | null;
  /** Expressions of filter.ts; one with a mistake is as if it were empty. */
  find: string;
  hide: string;
  hideHealthy: boolean;
  level: Level;
  motion: boolean;
  theme: Theme;
  marks: Map<string, Mark>;
  /** At most so many dots are drawn. */
  dots: number;
  /** At most so many nodes are drawn one by one; more are drawn in groups. */
  budget: number;
}

export const DEFAULTS: MapOptions = {
  selected: null,
  find: '',
  hide: '',
  hideHealthy: false,
  level: 'auto',
  motion: true,
  theme: 'dark',
  marks: new Map(),
  dots: 3000,
  budget: 320,
};

/** What of the camera belongs in a link: the middle of what is seen, how large, and whose inside is open. */
export interface View {
  x: number;
  y: number;
  zoom: number;
  depth: Depth;
  /** The service whose instances are shown. */
  focus: string | null;
}

export interface Instance {
  number: number;
  /** `us-east-1/a`. */
  zone: string;
  health: string;
  busy: number;
  waiting: number;
}

export interface MapEvents {
  select(name: string | null): void;
  /** The inside of a service was opened, or left (null): from now on the map wants its instances. */
  open(name: string | null): void;
  hover(target: Target | null): void;
  /** A context menu was asked for, at this place of the page. */
  menu(target: Target | null, x: number, y: number): void;
  view(view: View): void;
}
