/** One run as this page knows it: kept up to date by its stream, and caught up with after the stream was lost. */
import * as api from '../api/client';
import { Table, decode, type Frame } from '../api/frames';
import { Stream } from '../api/stream';
import type { Event, Happening, Run, Script, Topology, Why } from '../api/types';
import { deed } from '../control/script';
import { History } from './history';
import { view } from './view.svelte';

const EMPTY: Topology = { name: '', regions: [], zones: [], nodes: [], edges: [], width: 1, height: 1 };
const WHY_EVERY_MS = 2000;
const BEAT_MS = 250;

export class Session {
  readonly id: string;
  run = $state.raw<Run>() as Run;
  topology = $state.raw<Topology>(EMPTY);
  /** Numbers now. What is in it changes with every frame: `moment` says that it did. */
  now = new Table(0, 0);
  moment = $state(0);
  /** The last whole second: ticks are too short to be read as numbers. */
  last = new Table(0, 0);
  /** What people read and charts draw: some times a second is enough for them. */
  beat = $state(0);
  history: History;
  events = $state.raw<Event[]>([]);
  why = $state.raw<Why | null>(null);
  script = $state.raw<Script>({ happenings: [], command: '' });
  /** What was done by hand, by whomever. */
  readonly deeds = $derived(this.script.happenings.map(deed));
  /** Only then is there somebody to blame. */
  readonly troubled = $derived((this.beat, this.why !== null && (this.why.hot !== null || this.why.slo.some((it) => it.holds === false) || this.failing())));
  connected = $state(false);
  /** The server knows nothing of it any more. */
  gone = $state(false);
  ready = $state(false);
  /** Counts how often it began again: what was known of the one before is not of this one. */
  life = $state(0);
  private stream: Stream;
  private timer: number;
  private beatTimer: number | null = null;
  private scriptStale = true;
  /** The time of the last tick: a second may be over before the clock has shown it. */
  private ticked = 0;
  /** There is something to catch up with: it failed the last time. */
  private behind = true;
  private index = new Map<string, number>();

  constructor(run: Run) {
    this.id = run.id;
    this.run = run;
    this.history = new History((of) => api.series(this.id, of));
    this.stream = new Stream(run.id, {
      frame: (frame) => this.take(frame),
      run: (run) => this.changed(run),
      event: (event) => this.happened(event),
      connected: (again) => void this.catchUp(again),
      lost: () => void this.lost(),
    });
    this.timer = window.setInterval(() => void (this.behind && this.connected ? this.catchUp(true) : this.refresh()), WHY_EVERY_MS);
  }

  close() {
    this.stream.close();
    clearInterval(this.timer);
    if (this.beatTimer !== null) clearTimeout(this.beatTimer);
  }

  nodeAt(name: string | null): number {
    return name === null ? -1 : (this.index.get(name) ?? -1);
  }

  get workloads() {
    return this.topology.nodes.filter((node) => node.kind === 'users');
  }

  get services() {
    return this.topology.nodes.filter((node) => node.kind === 'service');
  }

  async control(what: { pace?: number; paused?: boolean; step_s?: number }) {
    this.run = await api.control(this.id, what);
  }

  async restart(seed?: number) {
    this.changed(await api.restart(this.id, seed));
    await this.forget();
  }

  async happen(what: Happening) {
    const happened = await api.happen(this.id, what);
    await this.knowScript();
    return happened;
  }

  async end(n: number) {
    await api.endHappening(this.id, n);
    await this.knowScript();
  }

  async knowScript() {
    this.script = await api.script(this.id);
  }

  /** The numbers of a second that is over. */
  async second(at: number): Promise<Table> {
    const table = new Table(this.topology.nodes.length, this.topology.edges.length);
    table.take(decode(await api.frame(this.id, at)));
    return table;
  }

  /** More than one in a hundred of the users' requests. */
  private failing(): boolean {
    const { rate, errors } = this.last.node;
    return this.workloads.some((_, at) => errors[at]! > 0.01 * rate[at]!);
  }

  private async catchUp(again: boolean) {
    this.connected = true;
    this.behind = true;
    if (again) {
      this.history.forget();
      this.events = [];
    }
    await quietly(async () => {
      const run = await api.run(this.id);
      // A server that was begun anew counts from one again.
      if (run.name !== this.run.name) return this.vanish();
      this.run = run;
      if (again || !this.ready) await this.fetchTopology();
      await this.fetchEvents();
      this.behind = false;
      if (this.run.time_s >= 1) await this.takeLast();
    });
    this.scriptStale = true;
    await this.refresh();
  }

  private async lost() {
    this.connected = false;
    const known = await api.run(this.id).then(() => true, (error: unknown) => !(error instanceof api.ApiError && error.status === 404));
    if (!known) this.vanish();
  }

  private vanish() {
    this.gone = true;
    this.close();
  }

  /** A run that stands still sends nothing. */
  private async takeLast() {
    const second = decode(await api.frame(this.id, this.run.time_s));
    this.last.take(second);
    if (this.run.state !== 'running' && second.time_s > this.now.time_s) this.now.take(second);
    this.moment += 1;
    this.beat += 1;
  }

  private async fetchTopology() {
    const topology = await api.topology(this.id);
    this.index = new Map(topology.nodes.map((node, at) => [node.name, at]));
    this.now = new Table(topology.nodes.length, topology.edges.length);
    this.last = new Table(topology.nodes.length, topology.edges.length);
    this.topology = topology;
    this.history.know(topology);
    this.ready = true;
    this.moment += 1;
  }

  private async fetchEvents() {
    const last = this.events.at(-1)?.n ?? 0;
    const missed = await api.events(this.id, last);
    const known = new Set(this.events.map((event) => event.n));
    this.events = [...this.events, ...missed.filter((event) => !known.has(event.n))];
  }

  private async beginAgain() {
    this.ticked = 0;
    this.history.forget();
    this.last.time_s = 0;
    this.life += 1;
    this.events = [];
    this.why = null;
    this.scriptStale = true;
    await quietly(() => this.fetchEvents());
  }

  private async forget() {
    await this.fetchTopology();
    await this.beginAgain();
    await this.refresh();
  }

  private take(frame: Frame) {
    if (!this.ready) return;
    if (frame.kind === 'tick') {
      if (frame.time_s < this.ticked) void this.beginAgain();
      this.ticked = frame.time_s;
    }
    this.now.take(frame);
    if (frame.kind === 'second') {
      this.history.take(frame);
      if (frame.time_s > this.last.time_s) this.last.take(frame);
    }
    this.moment += 1;
    this.beatSoon();
  }

  private beatSoon() {
    this.beatTimer ??= window.setTimeout(() => {
      this.beatTimer = null;
      this.beat += 1;
    }, BEAT_MS);
  }

  private changed(run: Run) {
    this.run = run;
    // Of what ran ahead of this page the last second may have been missed.
    if (this.ready && run.state !== 'running' && run.time_s >= 1) void quietly(() => this.takeLast());
  }

  private happened(event: Event) {
    if (this.events.some((known) => known.n === event.n)) return;
    this.events = [...this.events, event];
    this.scriptStale = true;
  }

  /** Why it is as it is. */
  async ask() {
    await quietly(async () => (this.why = await api.why(this.id, view.over)));
  }

  private async refresh() {
    if (!this.ready || document.hidden) return;
    await this.ask();
    // The command says for how long, and that grows.
    if (!this.scriptStale && view.tab !== 'scenario') return;
    this.scriptStale = false;
    await quietly(() => this.knowScript());
  }
}

/** What cannot be had now is asked for again when the stream stands again, or the next time round. */
async function quietly(what: () => Promise<unknown>) {
  try {
    await what();
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
  }
}
