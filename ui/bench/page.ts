import type { Topology } from '../src/api/types';
import { TrafficMap, type Instance, type MapOptions } from '../src/map';
import { service, topology as fetchTopology } from '../src/api/client';
import { Table } from '../src/api/frames';
import { Stream } from '../src/api/stream';
import { madeTopology, madeTraffic } from './made';

/**
 * The map alone with made-up traffic, steered by the address:
 * ?services=100&calls=250&regions=1&dots=2000&budget=300&theme=light&ill=5, or the traffic of a run of the server: ?run=ID.
 */
const query = new URLSearchParams(location.search);
const number = (name: string, otherwise: number): number => Number(query.get(name) ?? otherwise);

const run = query.get('run');
const topology: Topology = run ? await fetchTopology(run) : madeTopology(number('services', 40), number('calls', 90), number('regions', 1));
const ill = number('ill', Math.floor(topology.nodes.length * 0.6));
const options: Partial<MapOptions> = {
  theme: query.get('theme') === 'light' ? 'light' : 'dark',
  dots: number('dots', 3000),
  budget: number('budget', 320),
  motion: query.get('motion') !== 'off',
  find: query.get('find') ?? '',
  hide: query.get('hide') ?? '',
  hideHealthy: query.has('sick'),
  selected: query.get('selected'),
  marks: ill >= 0 && query.has('marks') ? new Map([[topology.nodes[ill]!.name, 'culprit' as const]]) : new Map(),
};

const map: TrafficMap = new TrafficMap(document.querySelector<HTMLCanvasElement>('#gl')!, document.querySelector<HTMLElement>('#over')!, {
  select: (name) => map.setOptions({ selected: name }),
  open: (name) => { if (name !== null) void instancesOf(name).then((list) => map.setInstances(name, list)); },
  hover: () => {},
  menu: () => {},
  view: () => {},
});

async function instancesOf(name: string): Promise<Instance[]> {
  if (run) return (await service(run, name)).instances;
  const node = topology.nodes.find((one) => one.name === name)!;
  let number = 0;
  return node.zones.flatMap(([zone, count]) => Array.from({ length: count }, (): Instance => {
    number++;
    return { number, zone: topology.zones[zone]!.name, health: number % 9 === 4 ? 'down' : 'up', busy: ((number * 37) % 100) / 100, waiting: (number * 13) % 7 };
  }));
}

map.setOptions(options);
map.setTopology(topology);
if (run) follow(run);
else {
  let time = 0;
  setInterval(() => {
    time += 0.1;
    map.setFrame({ topology, ...madeTraffic(topology, time, ill), time, paused: false });
  }, 100);
}

function follow(id: string): void {
  const table = new Table(topology.nodes.length, topology.edges.length);
  const nothing = (): void => {};
  new Stream(id, {
    frame: (frame) => {
      table.take(frame);
      map.setFrame({ topology, nodes: table.nodes, edges: table.edges, time: table.time_s, paused: false });
    },
    run: nothing, event: nothing, connected: nothing, lost: nothing,
  });
}

addEventListener('resize', () => map.resize());
Object.assign(window, { map });
