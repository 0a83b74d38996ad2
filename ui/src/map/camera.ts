/** What part of the world is seen: its middle, and pixels to a unit of the world. */
export interface Camera {
  x: number;
  y: number;
  zoom: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

export const NEAREST = 8;
export const FARTHEST = 0.005;

export function toScreen(camera: Camera, size: Size, x: number, y: number): [number, number] {
  return [(x - camera.x) * camera.zoom + size.width / 2, (y - camera.y) * camera.zoom + size.height / 2];
}

export function toWorld(camera: Camera, size: Size, x: number, y: number): [number, number] {
  return [(x - size.width / 2) / camera.zoom + camera.x, (y - size.height / 2) / camera.zoom + camera.y];
}

export function clampZoom(zoom: number): number {
  return Math.min(NEAREST, Math.max(FARTHEST, zoom));
}

/** Zooms by `factor` while what is under the pointer stays there. */
export function zoomAbout(camera: Camera, size: Size, px: number, py: number, factor: number): Camera {
  const zoom = clampZoom(camera.zoom * factor);
  const [wx, wy] = toWorld(camera, size, px, py);
  return { x: wx - (px - size.width / 2) / zoom, y: wy - (py - size.height / 2) / zoom, zoom };
}

/** Room at the edges of the view that nothing is fitted into: for labels, legend and buttons. */
export const MARGIN = { left: 64, right: 92, top: 44, bottom: 64 };

export function fit(bounds: Rect, size: Size, largest: number): Camera {
  const width = Math.max(80, size.width - MARGIN.left - MARGIN.right);
  const height = Math.max(80, size.height - MARGIN.top - MARGIN.bottom);
  const zoom = clampZoom(Math.min(largest, width / Math.max(bounds.w, 1), height / Math.max(bounds.h, 1)));
  return {
    x: bounds.x + bounds.w / 2 + (MARGIN.right - MARGIN.left) / 2 / zoom,
    y: bounds.y + bounds.h / 2 + (MARGIN.bottom - MARGIN.top) / 2 / zoom,
    zoom,
  };
}

/** On the way from one camera to another; zooming is even to the eye if its logarithm is. */
export function between(a: Camera, b: Camera, t: number): Camera {
  const zoom = a.zoom * Math.pow(b.zoom / a.zoom, t);
  // While the zoom changes, what is between must go with it, or the target swings out of sight on the way.
  const way = Math.abs(b.zoom - a.zoom) < 1e-9 ? t : (1 / a.zoom - 1 / zoom) / (1 / a.zoom - 1 / b.zoom);
  return { x: a.x + (b.x - a.x) * way, y: a.y + (b.y - a.y) * way, zoom };
}

export function seen(camera: Camera, size: Size): Rect {
  const w = size.width / camera.zoom;
  const h = size.height / camera.zoom;
  return { x: camera.x - w / 2, y: camera.y - h / 2, w, h };
}

export function ease(t: number): number {
  return t >= 1 ? 1 : 1 - Math.pow(1 - t, 3);
}
