import type { Camera, Size } from './camera';
import { COLUMN, type Area, type Plan } from './plan';
import type { Detail } from './scene';
import type { Level } from './types';

/** Columns nearer than this many pixels leave no room for names: the region is drawn as one. */
const READABLE = 58;
/** What is open stays so until it is this much too small or too many: no flicker at the border. */
const SLACK = 1.2;
const FEW = 12;
/** A region that takes so much of the screen is what one looks at: it opens, if only into groups. */
const LARGE = 0.55;

/**
 * How each area is drawn from this near. Depends on the zoom and never on where one looks, so that moving about
 * changes nothing.
 */
export function detailsFor(
  plan: Plan, camera: Camera, size: Size, level: Level, budget: number, before: readonly Detail[],
): Detail[] {
  const many = plan.areas.length > 1;
  return plan.areas.map((area, a) => {
    const was = before[a];
    if (level === 'world') return many ? 'closed' : area.nodes.length > FEW ? 'groups' : 'open';
    if (many && level === 'auto' && isFar(area, camera, size, was && was !== 'closed' ? SLACK : 1)) return 'closed';
    return expected(plan, camera, size) <= budget * (was === 'open' ? SLACK : 1) ? 'open' : 'groups';
  });
}

function isFar(area: Area, { zoom }: Camera, size: Size, slack: number): boolean {
  const large = Math.max((area.w * zoom) / size.width, (area.h * zoom) / size.height);
  return COLUMN * zoom < READABLE / slack && large < LARGE / slack;
}

/** How many services a screen shows at this zoom, where they are as dense as on average. */
export function expected(plan: Plan, camera: Camera, size: Size): number {
  return plan.areas.reduce((sum, area) => {
    const across = Math.min(1, size.width / camera.zoom / Math.max(area.w, 1));
    const down = Math.min(1, size.height / camera.zoom / Math.max(area.h, 1));
    const alone = area.nodes.length * across * down;
    return across * down < 1 ? Math.max(sum, alone) : sum + alone;
  }, 0);
}
