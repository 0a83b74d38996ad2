/** What people do with the pointer, the wheel, two fingers and the keys, as calls with places on the canvas. */
export interface Gestures {
  move(x: number, y: number): void;
  leave(): void;
  drag(dx: number, dy: number): void;
  zoom(x: number, y: number, factor: number): void;
  click(x: number, y: number): void;
  open(x: number, y: number): void;
  menu(x: number, y: number, pageX: number, pageY: number): void;
  /** Whether the key meant something. */
  key(event: KeyboardEvent): boolean;
}

/** Less than this is a click by an unsteady hand. */
const STEADY = 5;

export function listen(canvas: HTMLElement, on: Gestures): () => void {
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const fingers = new Map<number, { x: number; y: number }>();
  let moved = 0;
  const place = (event: MouseEvent): { x: number; y: number } => {
    const rect = canvas.getBoundingClientRect();
    return { x: event.clientX - rect.left, y: event.clientY - rect.top };
  };

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    if (fingers.size === 1) moved = 0;
  }, options);

  canvas.addEventListener('pointermove', (event) => {
    const now = place(event);
    const before = fingers.get(event.pointerId);
    if (!before) return on.move(now.x, now.y);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (other) pinch(before, now, other, on);
    else if (moved > STEADY) on.drag(now.x - before.x, now.y - before.y);
    if (moved > STEADY || other) fingers.set(event.pointerId, now);
  }, options);

  const lift = (event: PointerEvent): void => {
    const was = fingers.delete(event.pointerId);
    if (was && event.type === 'pointerup' && moved <= STEADY && fingers.size === 0) {
      const { x, y } = place(event);
      on.click(x, y);
    }
    // The finger that stays must not end as a click.
    if (fingers.size > 0) moved = STEADY + 1;
  };
  canvas.addEventListener('pointerup', lift, options);
  canvas.addEventListener('pointercancel', lift, options);
  canvas.addEventListener('pointerleave', () => on.leave(), options);

  canvas.addEventListener('dblclick', (event) => {
    const { x, y } = place(event);
    on.open(x, y);
  }, options);
  canvas.addEventListener('contextmenu', (event) => {
    event.preventDefault();
    const { x, y } = place(event);
    on.menu(x, y, event.clientX, event.clientY);
  }, options);
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault();
    const { x, y } = place(event);
    // A wheel counts lines in some browsers; a pinch on a touchpad comes as a wheel with Ctrl, in small steps.
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    on.zoom(x, y, Math.exp(-Math.max(-160, Math.min(160, pixels)) * (event.ctrlKey ? 0.01 : 0.0016)));
  }, { ...options, passive: false });
  canvas.addEventListener('keydown', (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && on.key(event)) event.preventDefault();
  }, options);
  return () => stop.abort();
}

function pinch(before: { x: number; y: number }, now: { x: number; y: number }, other: { x: number; y: number }, on: Gestures): void {
  const [was, is] = [Math.hypot(before.x - other.x, before.y - other.y), Math.hypot(now.x - other.x, now.y - other.y)];
  on.drag((now.x - before.x) / 2, (now.y - before.y) / 2);
  if (was > 1) on.zoom((now.x + other.x) / 2, (now.y + other.y) / 2, is / was);
}
