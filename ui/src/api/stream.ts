/** The live stream of one run: it comes back by itself when the connection is lost. */
import { streamUrl } from './client';
import { decode, type Frame } from './frames';
import type { Event, Run } from './types';

export interface Listener {
  frame(frame: Frame): void;
  run(run: Run): void;
  event(event: Event): void;
  /** Called each time a connection stands, also after one was lost: then there is something to catch up with. */
  connected(again: boolean): void;
  lost(): void;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

export class Stream {
  private socket: WebSocket | null = null;
  private wait_ms = FIRST_WAIT_MS;
  private timer = 0;
  private closed = false;
  private connections = 0;
  private readonly url: string;
  private readonly listener: Listener;

  constructor(run: string, listener: Listener) {
    this.url = streamUrl(run);
    this.listener = listener;
    this.open();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private open() {
    const socket = new WebSocket(this.url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.opened();
    socket.onmessage = (message) => this.hear(message.data);
    socket.onclose = () => this.again();
    this.socket = socket;
  }

  private opened() {
    this.wait_ms = FIRST_WAIT_MS;
    this.connections += 1;
    this.listener.connected(this.connections > 1);
  }

  private hear(data: ArrayBuffer | string) {
    if (this.closed) return;
    if (typeof data !== 'string') return this.listener.frame(decode(data));
    const message = JSON.parse(data);
    if (message.run) this.listener.run(message.run);
    if (message.event) this.listener.event(message.event);
  }

  private again() {
    if (this.closed) return;
    this.listener.lost();
    this.timer = window.setTimeout(() => this.open(), this.wait_ms);
    this.wait_ms = Math.min(2 * this.wait_ms, LONGEST_WAIT_MS);
  }
}
