/** The migration that `tarsier run migration` tells, as steps to look at. */
import type { Listed } from '../api/types';

const STEP = /^migration\/(\d+)-/;

export function steps(listed: Listed[]): Listed[] {
  const number = (it: Listed) => Number(STEP.exec(it.name)?.[1] ?? -1);
  return listed.filter((it) => STEP.test(it.name)).toSorted((a, b) => number(a) - number(b));
}
