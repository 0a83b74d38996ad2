/** What was done by hand, as the server's list of happenings tells it: the n-th line is happening n. */

export interface Deed {
  id: number;
  text: string;
  at_s: number;
  /** When it ends; infinite if nobody has said. */
  until_s: number;
  kind: string;
}

const UNITS: Record<string, number> = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
/** They run their course and cannot be ended. */
export const COURSES = ['restart', 'flush', 'leak'];

export function seconds(text: string): number | null {
  const match = /^([\d.]+)\s*(ns|us|ms|s|m|h|d)$/.exec(text.trim());
  return match ? Number(match[1]) * UNITS[match[2]!]! : null;
}

export function deed(text: string, id: number): Deed {
  const top = entries(text);
  const at_s = seconds(top.get('at') ?? '') ?? 0;
  const lasts = seconds(top.get('for') ?? '');
  const kind = [...top.keys()].find((key) => key !== 'at' && key !== 'for') ?? '';
  return { id, text, at_s, until_s: lasts === null ? Infinity : at_s + lasts, kind };
}

/** Keys and values of what stands in braces, as they are written. */
export function entries(text: string): Map<string, string> {
  const pair = (part: string): [string, string] => {
    const [key, ...value] = part.split(':');
    return [key!.trim(), value.join(':').trim()];
  };
  return new Map(parts(text).map(pair));
}

/** What stands in braces or brackets, between the commas of the outermost level. */
export function parts(text: string): string[] {
  const inner = text.trim().slice(1, -1);
  const found: string[] = [];
  let [depth, from] = [0, 0];
  for (let at = 0; at <= inner.length; at++) {
    const sign = inner[at];
    if (sign === undefined || (sign === ',' && depth === 0)) {
      found.push(inner.slice(from, at).trim());
      from = at + 1;
    } else if ('{[('.includes(sign)) depth += 1;
    else if ('}])'.includes(sign)) depth -= 1;
  }
  return found.filter(Boolean);
}

export const canEnd = (it: Deed, now_s: number): boolean => it.until_s > now_s && !COURSES.includes(it.kind);

/** The factor of what the load slider did last and nobody has ended. */
export function heldLoad(deeds: Deed[]): { id: number; factor: number } | null {
  const last = deeds.findLast((it) => it.kind === 'load' && it.until_s === Infinity && !it.text.includes('workload'));
  const factor = Number(/factor:\s*([\d.]+)/.exec(last?.text ?? '')?.[1]);
  return last && factor > 0 ? { id: last.id, factor } : null;
}
