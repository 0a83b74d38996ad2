/** The requests of `docs/reference/api.md`. */
import type * as Api from './types';

/** What the server answered when it could not do as asked. */
export class ApiError extends Error {
  readonly status: number;
  readonly hint: string;
  readonly diagnostics: Api.Diagnostic[];

  constructor(status: number, body: { error?: string; hint?: string; diagnostics?: Api.Diagnostic[] }) {
    super(body.error ?? `the server answered ${status}`);
    this.status = status;
    this.hint = body.hint ?? '';
    this.diagnostics = body.diagnostics ?? [];
  }
}

async function answer(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api/${path}`, init);
  } catch {
    throw new ApiError(0, { error: 'the server cannot be reached', hint: 'is `tarsier serve` still running?' });
  }
  if (response.ok) return response;
  throw new ApiError(response.status, await response.json().catch(() => ({})));
}

async function get<T>(path: string): Promise<T> {
  return (await answer(path)).json();
}

async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const init: RequestInit = { method: 'POST', headers, body: JSON.stringify(body) };
  return (await answer(path, signal ? { ...init, signal } : init)).json();
}

const part = encodeURIComponent;
const ofRun = (id: string) => `runs/${part(id)}`;
/** Lessons are `lessons/NAME`, so a slash stays one. */
const name = (it: string) => it.split('/').map(part).join('/');

export interface NewRun {
  text?: string;
  name?: string;
  seed?: number;
  pace?: number;
  paused?: boolean;
  for_s?: number;
  scenario?: string;
  done?: string[];
}

export const architectures = () => get<Api.Listed[]>('architectures');
export const architecture = (of: string) => get<{ name: string; text: string }>(`architectures/${name(of)}`);
export const check = (text: string) => post<Api.Checked>('check', { text });
export const complete = (text: string, offset: number) => post<Api.Completion>('complete', { text, offset });
export const hover = (text: string, offset: number) => post<Api.Hover | null>('hover', { text, offset });
export const importFile = async (file: Blob): Promise<Api.Imported> =>
  (await answer('import', { method: 'POST', body: file })).json();

export const runs = () => get<Api.Run[]>('runs');
export const run = (id: string) => get<Api.Run>(ofRun(id));
export const start = (what: NewRun) => post<Api.Run>('runs', what);
export const remove = (id: string) => answer(ofRun(id), { method: 'DELETE' });
export const control = (id: string, what: { pace?: number; paused?: boolean; step_s?: number }) =>
  post<Api.Run>(`${ofRun(id)}/control`, what);
export const restart = (id: string, seed?: number) =>
  post<Api.Run>(`${ofRun(id)}/restart`, seed === undefined ? {} : { seed });
export const happen = (id: string, what: Api.Happening) => post<Api.Happened>(`${ofRun(id)}/happenings`, what);
export const endHappening = (id: string, n: number) => answer(`${ofRun(id)}/happenings/${n}`, { method: 'DELETE' });
export const script = (id: string) => get<Api.Script>(`${ofRun(id)}/scenario`);
export const file = async (id: string) => (await answer(`${ofRun(id)}/file`)).text();
export const branch = (id: string, at_s: number, paused: boolean) =>
  post<Api.Run>(`${ofRun(id)}/branch`, { at_s, paused });

export const topology = (id: string) => get<Api.Topology>(`${ofRun(id)}/topology`);
export const frame = async (id: string, at: number) => (await answer(`${ofRun(id)}/frame?at=${at}`)).arrayBuffer();
export const series = (id: string, of: string) => get<Api.Series>(`${ofRun(id)}/series?of=${part(of)}`);
export const heat = (id: string, of: string, after: number) => get<Api.Heat>(`${ofRun(id)}/heat?of=${part(of)}&after=${after}`);
export const events = (id: string, after: number) => get<Api.Event[]>(`${ofRun(id)}/events?after=${after}`);
export const why = (id: string, over: Api.Over) => get<Api.Why>(`${ofRun(id)}/why?over=${over}`);
export const service = (id: string, of: string) =>
  get<{ name: string; instances: Api.Instance[] }>(`${ofRun(id)}/services/${part(of)}`);
export const traces = (id: string, pick: Api.Pick) => get<Api.TraceSummary[]>(`${ofRun(id)}/traces?pick=${pick}`);
export const trace = (id: string, of: string) => get<Api.Trace>(`${ofRun(id)}/traces/${part(of)}`);
export const flame = (id: string, pick: Api.Pick) => get<Api.Flame>(`${ofRun(id)}/flame?pick=${pick}`);
export const reportPath = (id: string) => `/api/${ofRun(id)}/report`;
export const compare = (a: string, b: string) => get<Api.Comparison>(`compare?a=${part(a)}&b=${part(b)}`);

export const streamUrl = (id: string) => {
  const at = new URL(`/api/${ofRun(id)}/stream`, location.href);
  at.protocol = at.protocol === 'https:' ? 'wss:' : 'ws:';
  return at.href;
};
