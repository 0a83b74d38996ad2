/** Everything this page knows: the list to open from, the run that is looked at, and a second one beside it. */
import * as api from '../api/client';
import { ApiError, type NewRun } from '../api/client';
import type { Diagnostic, Listed, Run } from '../api/types';
import { view } from './view.svelte';
import { Session } from './session.svelte';

export interface Notice {
  kind: 'error' | 'done';
  text: string;
  hint: string;
  undo: (() => Promise<void>) | null;
}

class Lab {
  listed = $state.raw<Listed[]>([]);
  session = $state.raw<Session | null>(null);
  other = $state.raw<Session | null>(null);
  notice = $state.raw<Notice | null>(null);
  opening = $state(false);
  help = $state(false);
  /** What was written here and is not what runs; a page that is loaded again has it still. */
  draft = $state.raw<string | null>(sessionStorage.getItem('draft'));
}

export const lab = new Lab();

export function keep(draft: string | null) {
  lab.draft = draft;
  try {
    if (draft === null) sessionStorage.removeItem('draft');
    else sessionStorage.setItem('draft', draft);
  } catch {
    // Too large to be kept: it is here as long as the page is.
  }
}

const NOTICE_MS = 8000;
let noticeTimer = 0;

export function say(notice: Notice) {
  clearTimeout(noticeTimer);
  lab.notice = notice;
  noticeTimer = window.setTimeout(() => (lab.notice = null), NOTICE_MS);
}

/** «`0` is out of range: expected a whole number from 1 to 100» */
export const inFull = ({ message, label }: Diagnostic): string => (label ? `${message}: ${label}` : message);

/** Does something, and says so on the page when it cannot be done; `mistaken` is for a file with mistakes. */
export async function attempt<T>(what: () => Promise<T>, mistaken?: () => void): Promise<T | undefined> {
  try {
    return await what();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const first = error.diagnostics[0];
    if (first) mistaken?.();
    say({ kind: 'error', text: first ? inFull(first) : error.message, hint: first?.hint ?? error.hint, undo: null });
    return undefined;
  }
}

/** Looks at a run that the server has. */
export function look(run: Run) {
  lab.session?.close();
  lab.session = new Session(run);
  view.run = run.id;
}

export function lookBeside(run: Run | null) {
  lab.other?.close();
  lab.other = run ? new Session(run) : null;
  view.against = run?.id ?? null;
  if (!run && view.tab === 'compare') view.tab = 'numbers';
}

/** Runs that this page began, and nobody else looks at by accident. */
const own = new Set<string>();

/** What was looked at there is not here. */
function leave() {
  lookBeside(null);
  Object.assign(view, { selected: null, at: null, range: null, trace: null, camera: '' });
}

/** Starts a run and looks at it; the one of this page before it ends, or the server would fill up with them. */
export async function open(what: NewRun): Promise<Run | undefined> {
  lab.opening = true;
  const before = lab.session?.id;
  const run = await attempt(() => api.start({ for_s: 3600, ...what }), () => void mend(what.name));
  lab.opening = false;
  if (!run) return undefined;
  if (before) leave();
  // What runs is what was written: no draft any more.
  if (what.text !== undefined && what.text === lab.draft) keep(null);
  look(run);
  if (before && own.delete(before)) await attempt(() => api.remove(before));
  own.add(run.id);
  return run;
}

/** A file that cannot be run is opened where its mistakes are shown. */
async function mend(name: string | undefined) {
  if (name === undefined) return;
  view.editor = true;
  // Half of it may be mended already.
  if (lab.draft !== null) return;
  const known = await attempt(() => api.architecture(name));
  if (known) keep(known.text);
}

/** As the link says; without one, the run that goes on already, or what `serve` was started with. */
export async function begin(looking: boolean) {
  lab.listed = (await attempt(api.architectures)) ?? [];
  const runs = (await attempt(api.runs)) ?? [];
  if (!looking) return;
  const wanted = runs.find((run) => run.id === view.run) ?? (view.run === null ? runs[0] : undefined);
  if (wanted) return look(wanted), lookAgainst(runs);
  const gone = view.run;
  if (gone) leave();
  await open({ name: first(lab.listed) });
  if (gone) say({ kind: 'error', text: `Run ${gone} of this link is no longer there`, hint: 'another was begun', undo: null });
}

function lookAgainst(runs: Run[]) {
  const beside = runs.find((run) => run.id === view.against);
  if (beside) lookBeside(beside);
}

const first = (listed: Listed[]) => (listed.find((it) => it.chosen) ?? listed[0])?.name ?? 'shop';

/** The run beside becomes the one that inspector and numbers are about. */
export function swap() {
  const { session, other } = lab;
  if (!session || !other) return;
  Object.assign(lab, { session: other, other: session });
  Object.assign(view, { run: other.id, against: session.id, trace: null });
}
