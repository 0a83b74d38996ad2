import { TrafficMap, type Instance, type MapOptions, type Topology } from './api';
import { madeTopology, madeTraffic } from './made';

/**
 * The map alone with made-up traffic, steered by the address:
 * ?services=100&calls=250&regions=1&dots=2000&budget=300&theme=light&ill=5&from=FILE (a Topology as JSON).
 */
const query = new URLSearchParams(location.search);
const number = (name: string, otherwise: number): number => Number(query.get(name) ?? otherwise);

async function topologyOf(): Promise<Topology> {
  const file = query.get('from');
  return file ? ((await (await fetch(file)).json()) as Topology) : madeTopology(number('services', 40), number('calls', 90), number('regions', 1));
}

const topology = await topologyOf();
const ill = number('ill', Math.floor(topology.nodes.length * 0.6));
const options: Partial<MapOptions> = {
  theme: query.get('theme') === 'light' ? 'light' : 'dark',
  dots: number('dots', 3000),
  budget: number('budget', 300),
  motion: query.get('motion') !== 'off',
  find: query.get('find') ?? '',
  hide: query.get('hide') ?? '',
  hideHealthy: query.has('sick'),
  selected: query.get('selected'),
  marks: ill >= 0 && query.has('marks') ? new Map([[topology.nodes[ill]!.name, 'culprit' as const]]) : new Map(),
};

const map: TrafficMap = new TrafficMap(document.querySelector<HTMLCanvasElement>('#gl')!, document.querySelector<HTMLElement>('#over')!, {
  select: (name) => map.setOptions({ selected: name }),
  open: (name) => { if (name !== null) queueMicrotask(() => map.setInstances(name, instancesOf(name))); },
  hover: () => {},
  menu: () => {},
  view: () => {},
});

function instancesOf(name: string): Instance[] {
  const node = topology.nodes.find((one) => one.name === name)!;
  let number = 0;
  return node.zones.flatMap(([zone, count]) => Array.from({ length: count }, (): Instance => {
    number++;
    return { number, zone, health: number % 9 === 4 ? 'down' : 'up', busy: ((number * 37) % 100) / 100, waiting: (number * 13) % 7, present: true };
  }));
}

map.setOptions(options);
map.setTopology(topology);
let time = 0;
setInterval(() => {
  time += 0.1;
  map.setFrame({ topology, ...madeTraffic(topology, time, ill), time, paused: false });
}, 100);
addEventListener('resize', () => map.resize());
Object.assign(window, { map });
