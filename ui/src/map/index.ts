import { dotData, linkData, nodeData, tailData, Travel } from './buffers';
import { between, clampZoom, ease, fit, MARGIN, seen, toScreen, toWorld, zoomAbout, type Camera, type Rect, type Size } from './camera';
import { Card, itemCard, linkCard } from './card';
import { EDGE, EDGE_WIDTH, NODE_WIDTH } from './columns';
import { detailsFor } from './details';
import { element } from './dom';
import { emphasize, isNamed, type Emphasis } from './emphasis';
import { focusScene } from './focus';
import { Renderer } from './gl/renderer';
import { listen } from './input';
import { Legend } from './legend';
import { Mirror } from './mirror';
import { pick, type Hit } from './pick';
import { placeIn, planOf, type Plan } from './plan';
import { buildScene, type Detail, type Item } from './scene';
import { matching, same } from './search';
import { Smooth } from './smooth';
import { Stage } from './stage';
import { step, type Arrow } from './steps';
import { TextLayer } from './text';
import { PALETTES } from './theme';
import { readTotals, type SceneTotals } from './totals';
import { DEFAULTS, type Instance, type MapData, type MapEvents, type MapOptions, type Mark, type Target, type Topology, type View } from './types';
import './map.css';

export { parseFilter } from './filter';
export type { Depth, Instance, MapOptions, Mark, Target, View } from './types';

/** From so near a service's inside opens by itself, and closes from this far. */
const INSIDE = { opens: 2.5, closes: 1.55 };
/** Names and numbers are written anew so often, in milliseconds, while nothing but numbers changes. */
const WRITING = 400;
const FLIGHT = 450;

/**
 * The live map: what calls what, how much, and how it fares. Draws on the canvas; the overlay, an element that covers it,
 * gets names, legend, buttons and a list for those who do not see. Nothing moves the camera but people and `view`.
 */
export class TrafficMap {
  private readonly renderer: Renderer;
  private readonly text: TextLayer;
  private readonly card: Card;
  private readonly legend: Legend;
  private readonly mirror: Mirror;
  private readonly stage = new Stage();
  private readonly travel = new Travel();
  private readonly undo: (() => void)[] = [];
  private options: MapOptions = { ...DEFAULTS };
  private plan: Plan | null = null;
  private smooth: Smooth | null = null;
  private data: MapData | null = null;
  private totals: SceneTotals = { items: [], links: [] };
  private emphasis: Emphasis = { items: new Float32Array(), flags: new Uint8Array(), links: new Float32Array(), minor: new Uint8Array(), path: new Set() };
  private details: Detail[] = [];
  private focus: string | null = null;
  /** The inside was opened and nobody has moved the camera since: it may still be fitted to what comes in. */
  private entered = false;
  private instances: readonly Instance[] = [];
  private found: Uint8Array | null = null;
  private hidden: Uint8Array | null = null;
  private camera: Camera = { x: 0, y: 0, zoom: 1 };
  private flight: { from: Camera; to: Camera; began: number } | null = null;
  private size: Size = { width: 1, height: 1 };
  private hit: Hit | null = null;
  /** Where legend and buttons are: no label goes there. */
  private corners: Rect[] = [];
  private pointer: { x: number; y: number } | null = null;
  private listed: string | null = null;
  private arranged = false;
  private scheduled = 0;
  private dots = 0;
  private last = { data: 0, links: 0, text: 0, read: 0, filters: 0, mirror: 0 };
  private dirty = { scene: true, links: true, numbers: true, ground: true, text: true };

  constructor(private readonly canvas: HTMLCanvasElement, private readonly overlay: HTMLElement, private readonly on: MapEvents) {
    this.renderer = new Renderer(canvas);
    overlay.classList.add('map-overlay');
    canvas.classList.add('map-canvas');
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    canvas.setAttribute('aria-label', 'Map of services. Arrow keys move along calls, Enter opens, Escape goes up, plus and minus zoom, 0 shows all.');
    this.text = new TextLayer(document.createElement('canvas'));
    this.legend = new Legend(overlay);
    this.legend.moved.addEventListener('toggle', () => this.keepCorners());
    this.addButtons();
    this.card = new Card(overlay);
    this.mirror = new Mirror(overlay, {
      choose: (key) => this.choose(this.byKey(key)),
      open: (key) => this.enter(this.byKey(key)),
      focus: (key) => this.list(key),
    });
    this.attach();
    this.resize();
  }

  setTopology(topology: Topology): void {
    const again = this.plan?.topology.name === topology.name;
    this.plan = planOf(topology);
    this.smooth = new Smooth(topology);
    this.data = null;
    this.found = this.hidden = null;
    this.hit = null;
    if (this.focus && !topology.nodes.some((node) => node.name === this.focus)) this.setFocus(null);
    this.details = [];
    this.dirty.scene = true;
    if (!again || !this.arranged) this.fitNow();
    // A link may say so before there is anything to open.
    if (!again && this.options.level === 'service') this.open(this.options.selected);
    this.wake();
  }

  setFrame(data: MapData): void {
    if (!this.plan || !this.smooth || data.topology !== this.plan.topology) this.setTopology(data.topology);
    const now = performance.now();
    this.smooth!.take(data, Math.min(5, (now - this.last.data) / 1000));
    this.data = this.smooth!.shown(data);
    this.last.data = now;
    this.dirty.numbers = true;
    if (data.paused) this.dirty.links = true;
    this.wake();
  }

  setOptions(options: Partial<MapOptions>): void {
    const before = this.options;
    this.options = { ...before, ...options };
    this.overlay.dataset['theme'] = this.options.theme;
    this.renderer.setPalette(PALETTES[this.options.theme]);
    if (before.find !== this.options.find || before.hide !== this.options.hide) this.last.filters = 0;
    if (before.level !== this.options.level) this.changeLevel();
    Object.assign(this.dirty, { scene: true, links: true, ground: true, text: true });
    this.wake();
  }

  /** The instances of the service whose inside is open; others are ignored. */
  setInstances(name: string, instances: readonly Instance[]): void {
    if (name !== this.focus) return;
    const first = this.instances.length === 0 && instances.length > 0;
    this.instances = instances;
    this.dirty.scene = true;
    if (first && this.entered) {
      this.rebuild(performance.now());
      this.fly(this.inside());
    }
    this.wake();
  }

  resize(): void {
    this.size = { width: Math.max(1, this.canvas.clientWidth), height: Math.max(1, this.canvas.clientHeight) };
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.renderer.setPalette(PALETTES[this.options.theme]);
    this.renderer.resize(this.size, ratio);
    this.text.resize(this.size, ratio);
    this.keepCorners();
    if (!this.arranged) this.fitNow();
    this.moved(false);
  }

  get view(): View {
    const { x, y, zoom } = this.camera;
    return { x, y, zoom, depth: this.stage.scene.depth, focus: this.focus };
  }

  set view({ x, y, zoom, focus }: View) {
    this.camera = { x, y, zoom: clampZoom(zoom) };
    this.flight = null;
    this.arranged = true;
    this.setFocus(focus);
    this.moved(false);
  }

  /** Shows everything. */
  fit(): void {
    if (this.focus !== null) this.setFocus(null);
    if (this.plan) this.fly(this.fitted());
    this.arranged = false;
  }

  /** Opens the inside of a service, or leaves it (null). */
  open(name: string | null): void {
    const node = this.plan?.topology.nodes.findIndex((one) => one.name === name) ?? -1;
    if (name === null || node < 0) return this.leave();
    this.setFocus(name);
    this.entered = true;
    this.rebuild(performance.now());
    this.fly(this.inside());
  }

  stats(): { dots: number } {
    return { dots: this.dots };
  }

  destroy(): void {
    cancelAnimationFrame(this.scheduled);
    this.undo.forEach((undo) => undo());
    this.overlay.replaceChildren();
  }

  // What people do.

  private attach(): void {
    const changed = (): void => this.wake();
    document.addEventListener('visibilitychange', changed);
    const lost = (event: Event): void => event.preventDefault();
    const back = (): void => {
      this.renderer.build();
      this.resize();
      Object.assign(this.dirty, { scene: true, links: true, ground: true });
    };
    this.canvas.addEventListener('webglcontextlost', lost);
    this.canvas.addEventListener('webglcontextrestored', back);
    this.undo.push(
      () => document.removeEventListener('visibilitychange', changed),
      () => this.canvas.removeEventListener('webglcontextlost', lost),
      () => this.canvas.removeEventListener('webglcontextrestored', back),
      listen(this.canvas, {
        move: (x, y) => this.point(x, y),
        leave: () => this.point(null, null),
        drag: (dx, dy) => this.drag(dx, dy),
        zoom: (x, y, factor) => this.zoom(x, y, factor),
        click: (x, y) => this.clicked(this.hitAt(x, y)),
        open: (x, y) => this.enter(this.hitItem(this.hitAt(x, y))),
        menu: (x, y, pageX, pageY) => this.on.menu(this.targetOf(this.hitAt(x, y)), pageX, pageY),
        key: (event) => this.key(event),
      }),
    );
  }

  private addButtons(): void {
    const root = element('div', 'map-buttons');
    const { width, height } = { width: () => this.size.width / 2, height: () => this.size.height / 2 };
    const buttons: [string, string, () => void][] = [
      ['+', 'Zoom in', () => this.zoom(width(), height(), 1.4)],
      ['−', 'Zoom out', () => this.zoom(width(), height(), 1 / 1.4)],
      ['⤢', 'Show all', () => this.fit()],
    ];
    for (const [sign, name, act] of buttons) {
      const button = element('button', '', sign);
      button.type = 'button';
      button.title = name;
      button.setAttribute('aria-label', name);
      button.addEventListener('click', act);
      root.append(button);
    }
    this.overlay.append(root);
  }

  private keepCorners(): void {
    this.corners = [this.legend.rect(), { x: this.size.width - 60, y: this.size.height - 128, w: 60, h: 128 }];
    this.dirty.text = true;
    this.wake();
  }

  private drag(dx: number, dy: number): void {
    this.entered = false;
    this.flight = null;
    this.camera = { ...this.camera, x: this.camera.x - dx / this.camera.zoom, y: this.camera.y - dy / this.camera.zoom };
    this.card.hide();
    this.moved(true);
  }

  private zoom(x: number, y: number, factor: number): void {
    this.entered = false;
    this.flight = null;
    this.camera = zoomAbout(this.camera, this.size, x, y, factor);
    this.zoomedInside(x, y);
    this.moved(true);
  }

  /** Far enough in, the service under the pointer opens; far enough out, it closes. */
  private zoomedInside(x: number, y: number): void {
    if (this.options.level !== 'auto') return;
    if (this.focus !== null) {
      if (this.camera.zoom < INSIDE.closes) this.setFocus(null);
      return;
    }
    const item = this.camera.zoom > INSIDE.opens ? this.hitItem(this.hitAt(x, y)) : null;
    if (item && (item.kind === 'service' || item.kind === 'store')) this.setFocus(item.label);
  }

  private point(x: number | null, y: number | null): void {
    this.pointer = x === null || y === null ? null : { x, y };
    const hit = this.pointer ? this.hitAt(this.pointer.x, this.pointer.y) : null;
    const area = hit?.kind === 'box' ? null : hit;
    this.canvas.style.cursor = area ? 'pointer' : '';
    if (area?.kind !== this.hit?.kind || area?.index !== this.hit?.index) {
      this.hit = area;
      this.on.hover(this.targetOf(area));
      this.dirty.links = this.dirty.text = true;
    }
    this.wake();
  }

  private clicked(hit: Hit | null): void {
    const item = this.hitItem(hit);
    if (item?.kind === 'group' || item?.kind === 'region') this.enter(item);
    else if (item) this.choose(item);
    else if (hit?.kind !== 'link') this.on.select(null);
  }

  private choose(item: Item | null): void {
    if (item && item.nodes.length === 1 && !item.instance) this.on.select(item.label);
    else this.enter(item);
  }

  /** One level down: into a region or group by going nearer, into a service by opening it. */
  private enter(item: Item | null): void {
    if (!item || item.instance || !this.plan) return;
    if (item.kind === 'region') {
      const area = this.plan.areas.find((one) => one.region === item.region);
      if (area) this.fly(fit(area, this.size, 1.4));
    } else if (item.kind === 'group') this.approach(item);
    else if (item.kind !== 'users') {
      this.on.select(item.label);
      this.open(item.label);
    }
  }

  private approach(item: Item): void {
    const places = [...item.nodes].map((node) => placeIn(this.plan!, this.areaOf(item), node));
    const xs = places.map((place) => place[0]);
    const ys = places.map((place) => place[1]);
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    const bounds = { x: x - 120, y: y - 60, w: Math.max(...xs) - x + 240, h: Math.max(...ys) - y + 120 };
    this.fly(fit(bounds, this.size, 1.2));
  }

  private areaOf(item: Item): Plan['areas'][number] {
    return this.plan!.areas.find((area) => area.region === item.region) ?? this.plan!.areas[0]!;
  }

  private leave(): void {
    if (this.focus === null) return;
    const left = this.focus;
    this.setFocus(null);
    this.rebuild(performance.now());
    const item = this.stage.scene.items.find((one) => isNamed(one, left));
    const whole = this.fitted();
    // A step out keeps what one looked at in the middle, unless all fits anyway.
    this.fly(item && whole.zoom < 0.6 ? { x: item.x, y: item.y, zoom: Math.max(whole.zoom, 0.75) } : whole);
  }

  private key(event: KeyboardEvent): boolean {
    const { width, height } = this.size;
    if (event.key.startsWith('Arrow')) return this.walk(event.key as Arrow);
    if (event.key === '+' || event.key === '=') this.zoom(width / 2, height / 2, 1.3);
    else if (event.key === '-') this.zoom(width / 2, height / 2, 1 / 1.3);
    else if (event.key === '0') this.fit();
    else if (event.key === 'Enter') this.enter(this.selectedItem());
    else if (event.key === 'Escape') return this.up();
    else return false;
    return true;
  }

  private up(): boolean {
    if (this.focus !== null) this.leave();
    else if (this.options.selected !== null) this.on.select(null);
    else if (this.camera.zoom > this.fitted().zoom * 1.05) this.fit();
    else return false;
    return true;
  }

  private walk(arrow: Arrow): boolean {
    const { items, links } = this.stage.scene;
    const now = items.indexOf(this.selectedItem() ?? items[-1]!);
    const allowed = (i: number): boolean => items[i]!.nodes.length === 1 && !items[i]!.instance;
    const next = now < 0 ? items.findIndex((_, i) => allowed(i)) : step(items, links, now, arrow, allowed);
    const item = items[next];
    if (!item) return false;
    this.on.select(item.label);
    this.show(item);
    return true;
  }

  /** Brings what is outside the view into it, and moves nothing otherwise. */
  private show(item: { x: number; y: number }): void {
    const view = seen(this.camera, this.size);
    const [mx, my] = [MARGIN.right / this.camera.zoom, MARGIN.bottom / this.camera.zoom];
    const x = Math.min(Math.max(this.camera.x, item.x - view.w / 2 + mx), item.x + view.w / 2 - mx);
    const y = Math.min(Math.max(this.camera.y, item.y - view.h / 2 + my), item.y + view.h / 2 - my);
    if (x !== this.camera.x || y !== this.camera.y) this.fly({ x, y, zoom: this.camera.zoom });
  }

  private list(key: string | null): void {
    const item = key === null ? null : this.byKey(key);
    this.listed = item?.key ?? null;
    if (item) this.show(item);
    this.on.hover(item ? this.targetOf({ kind: 'item', index: this.stage.scene.items.indexOf(item) }) : null);
    this.dirty.links = this.dirty.text = true;
    this.wake();
  }

  // What is where.

  private byKey(key: string): Item | null {
    return this.stage.scene.items.find((item) => item.key === key) ?? null;
  }

  private selectedItem(): Item | null {
    return this.stage.scene.items.find((item) => isNamed(item, this.options.selected)) ?? null;
  }

  private hitAt(x: number, y: number): Hit | null {
    const { scene, ends } = this.stage;
    const [wx, wy] = toWorld(this.camera, this.size, x, y);
    return pick(ends, scene.links, scene.boxes, wx, wy, 7 / this.camera.zoom);
  }

  private hitItem(hit: Hit | null): Item | null {
    return hit?.kind === 'item' ? (this.stage.scene.items[hit.index] ?? null) : null;
  }

  private targetOf(hit: Hit | null): Target | null {
    const { scene } = this.stage;
    if (hit?.kind === 'link') {
      const { from, to } = scene.links[hit.index]!;
      return { kind: 'edge', from: scene.items[from]!.label, to: scene.items[to]!.label };
    }
    if (hit?.kind === 'box') return { kind: 'region', name: scene.boxes[hit.index]!.label };
    const item = this.hitItem(hit);
    if (!item || !this.plan) return null;
    if (item.instance) return { kind: 'instance', name: this.focus!, number: item.instance.number };
    if (item.kind === 'region') return { kind: 'region', name: item.label };
    const names = [...item.nodes].map((node) => this.plan!.topology.nodes[node]!.name);
    if (item.kind === 'group') return { kind: 'group', label: item.label, names };
    return { kind: 'node', name: item.label, region: this.plan.topology.regions[item.region]?.name ?? null };
  }

  // The camera.

  private fitted(): Camera {
    return fit(this.plan!.bounds, this.size, 1.6);
  }

  private inside(): Camera {
    return fit(widened(this.stage.scene.bounds), this.size, 3.2);
  }

  private fitNow(): void {
    if (!this.plan || this.focus !== null) return;
    this.camera = this.fitted();
    this.flight = null;
    this.dirty.ground = this.dirty.text = true;
  }

  private fly(to: Camera): void {
    this.arranged = true;
    if (this.options.motion) this.flight = { from: this.camera, to, began: performance.now() };
    else this.camera = to;
    this.moved(true);
  }

  private moved(byPeople: boolean): void {
    if (byPeople) this.arranged = true;
    this.dirty.ground = this.dirty.text = true;
    if (byPeople && !this.flight) this.on.view(this.view);
    this.wake();
  }

  private setFocus(name: string | null): void {
    if (name === this.focus) return;
    this.focus = name;
    this.entered = false;
    this.instances = [];
    this.hit = null;
    this.dirty.scene = true;
    this.on.open(name);
    this.wake();
  }

  private changeLevel(): void {
    if (this.options.level === 'service') this.open(this.options.selected);
    else if (this.options.level !== 'auto' || this.focus !== null) this.fit();
  }

  // Drawing.

  /** Draws when there is something to: on and on while dots move, once after a change. */
  private wake(): void {
    if (!this.scheduled) this.scheduled = requestAnimationFrame((now) => this.frame(now));
  }

  private get moving(): boolean {
    return this.options.motion && this.data !== null && !this.data.paused && this.dots > 0;
  }

  private frame(now: number): void {
    this.scheduled = 0;
    if (!this.plan || document.hidden) return;
    this.flyOn(now);
    this.update(now);
    if (this.dirty.text) this.write(now);
    if (this.dirty.ground) this.renderer.drawGround(this.camera);
    this.dirty.ground = false;
    const since = this.moving ? (now - this.last.links) / 1000 : 0;
    this.renderer.drawFrame(this.camera, since, !this.options.motion);
    this.point2card();
    if (this.moving || this.flight || this.stage.appeared < 1) this.wake();
  }

  private flyOn(now: number): void {
    if (!this.flight) return;
    const t = Math.min(1, (now - this.flight.began) / FLIGHT);
    this.camera = t < 1 ? between(this.flight.from, this.flight.to, ease(t)) : this.flight.to;
    if (t >= 1) this.flight = null;
    this.moved(t >= 1);
  }

  /** Brings what is drawn up to date, as far as anything changed. */
  private update(now: number): void {
    this.filter(now);
    const details = this.focus === null ? this.wanted() : this.details;
    if (details.join() !== this.details.join()) this.dirty.scene = true;
    this.details = details;
    if (this.dirty.scene) this.rebuild(now);
    const changing = this.stage.tick(now);
    if (this.dirty.links || (this.dirty.numbers && now - this.last.read >= this.pause)) this.read(now);
    else if (changing) this.place(now);
  }

  /** Numbers are taken up so often, in milliseconds: rings and links change slowly, and each time all is drawn anew. */
  private get pause(): number {
    return this.stage.scene.links.length > 1500 ? 500 : 200;
  }

  private wanted(): Detail[] {
    return detailsFor(this.plan!, this.camera, this.size, this.options.level, this.options.budget, this.details);
  }

  /** Expressions are about numbers, so what they match is looked up again every second. */
  private filter(now: number): void {
    if (!this.data || (this.last.filters > 0 && now - this.last.filters < 1000)) return;
    this.last.filters = now;
    const found = matching(this.options.find, this.data);
    const hidden = matching(this.options.hide, this.data);
    if (!same(found, this.found)) this.dirty.links = true;
    if (!same(hidden, this.hidden)) this.dirty.scene = true;
    this.found = found;
    this.hidden = hidden;
  }

  private rebuild(now: number): void {
    const plan = this.plan!;
    if (this.details.length === 0) this.details = this.wanted();
    const node = this.focus === null ? -1 : plan.topology.nodes.findIndex((one) => one.name === this.focus);
    const scene = node >= 0 ? focusScene(plan, node, this.placeOf(node), this.instances, (edge) => this.edgeRate(edge))
      : buildScene(plan, this.details, (one) => this.hidden?.[one] === 1);
    const animate = this.options.motion && this.stage.scene.items.length > 0 && scene.items.length < 1200;
    this.stage.replace(scene, now, animate);
    this.renderer.setBoxes(scene.boxes);
    this.hit = null;
    this.last.mirror = 0;
    Object.assign(this.dirty, { scene: false, links: true, ground: true, text: true });
    this.travel.reset(scene.links.length);
    this.last.links = now;
    if (this.data) this.read(now);
  }

  private placeOf(node: number): { x: number; y: number } {
    const area = this.plan!.areas.find((one) => one.nodes.includes(node)) ?? this.plan!.areas[0]!;
    const [x, y] = placeIn(this.plan!, area, node);
    return { x, y };
  }

  private get marked(): Map<number, Mark> {
    const { marks } = this.options;
    const { nodes } = this.plan!.topology;
    return new Map(marks.size === 0 ? [] : nodes.flatMap(({ name }, i) => (marks.has(name) ? [[i, marks.get(name)!]] : [])));
  }

  private edgeRate(edge: number): number {
    return this.data?.edges[EDGE.rate * this.plan!.topology.edges.length + edge] ?? 0;
  }

  /** Numbers into what is drawn. */
  private read(now: number): void {
    const { scene } = this.stage;
    const data = this.data ?? emptyData(this.plan!.topology);
    this.totals = readTotals(scene, data, this.smooth!.usual);
    this.smooth!.follow(this.totals.links.map((link) => link.rate), (now - this.last.read) / 1000);
    this.last.read = now;
    const found = this.found;
    this.emphasis = emphasize(scene, this.totals, {
      options: this.options,
      hoveredItem: this.hoveredItem(),
      hoveredLink: this.hit?.kind === 'link' ? this.hit.index : -1,
      found: found && ((node) => found[node] === 1),
      marked: this.marked,
      selected: this.plan!.topology.nodes.findIndex(({ name }) => name === this.options.selected),
    });
    const dots = dotData(scene, this.totals, this.emphasis, this.smooth!.most, this.options.dots);
    this.dots = dots.length / 3;
    this.renderer.setDots(dots);
    this.place(now);
    Object.assign(this.dirty, { links: false, numbers: false });
    if (now - this.last.text > WRITING) this.dirty.text = true;
    if (now - this.last.mirror > 1000) this.mirrorNow(now);
  }

  private hoveredItem(): number {
    if (this.hit?.kind === 'item') return this.hit.index;
    return this.listed === null ? -1 : this.stage.scene.items.findIndex((item) => item.key === this.listed);
  }

  /** Where things are now, to the card. */
  private place(now: number): void {
    const { scene, ends, appeared, fresh } = this.stage;
    if (this.totals.items.length !== scene.items.length) return;
    const { totals, emphasis, travel } = this;
    const elapsed = this.moving ? (now - this.last.links) / 1000 : 0;
    travel.advance(elapsed, (link) => totals.links[link]!.p50);
    this.last.links = now;
    this.renderer.setLinks(linkData(scene, ends, totals, emphasis, travel, this.smooth!.most, this.options.motion), scene.links.length);
    this.renderer.setNodes(nodeData(scene, ends, totals, emphasis, appeared, fresh), tailData(scene, ends, totals, emphasis));
    this.dirty.ground = true;
    if (appeared < 1) this.dirty.text = true;
  }

  private mirrorNow(now: number): void {
    this.last.mirror = now;
    this.mirror.update(this.stage.scene, this.totals, this.options.selected);
    this.legend.setScale(this.smooth!.most);
  }

  private write(now: number): void {
    this.dirty.text = false;
    this.last.text = now;
    const { scene, ends } = this.stage;
    if (this.totals.items.length !== scene.items.length) return;
    const screen = ends.map(({ x, y, r }) => {
      const [sx, sy] = toScreen(this.camera, this.size, x, y);
      return { x: sx, y: sy, r: r * this.camera.zoom };
    });
    this.text.draw({
      scene, ends: screen, totals: this.totals, emphasis: this.emphasis, options: this.options,
      hoveredItem: this.hoveredItem(), marked: this.marked, palette: PALETTES[this.options.theme], zoom: this.camera.zoom,
      toScreen: (x, y) => toScreen(this.camera, this.size, x, y),
    }, this.corners);
    this.renderer.setWords(this.text.canvas);
    this.dirty.ground = true;
  }

  private point2card(): void {
    const { hit, pointer, totals } = this;
    const { scene } = this.stage;
    const known = totals.items.length === scene.items.length;
    if (!hit || !pointer || !known || this.flight) return this.card.hide();
    const [title, note, rows] = hit.kind === 'item' ? itemCard(scene, totals, hit.index)
      : linkCard(scene, scene.links[hit.index]!, totals.links[hit.index]!);
    this.card.show(title, note, rows, pointer.x, pointer.y, this.size);
  }
}

/** Labels of callees stand beyond the outermost nodes. */
function widened({ x, y, w, h }: { x: number; y: number; w: number; h: number }): { x: number; y: number; w: number; h: number } {
  return { x: x - 20, y: y - 14, w: w + 40, h: h + 24 };
}

function emptyData(topology: Topology): MapData {
  return {
    topology, time: 0, paused: true,
    nodes: new Float32Array(topology.nodes.length * NODE_WIDTH).fill(NaN),
    edges: new Float32Array(topology.edges.length * EDGE_WIDTH).fill(NaN),
  };
}
