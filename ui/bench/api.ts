export { TrafficMap } from '../src/map/index';
export type { Instance, MapOptions } from '../src/map/index';
export type { Topology } from '../src/map/types';
