import type { Theme } from './types';

export type Rgb = readonly [number, number, number];

/**
 * Outcomes keep apart for people who do not tell red from green (after Okabe and Ito: sky blue, amber, vermilion, reddish
 * purple), and each has a shape of its own besides.
 */
export interface Palette {
  ground: string;
  area: string;
  areaLine: string;
  surface: string;
  track: string;
  line: string;
  text: string;
  soft: string;
  accent: string;
  ok: string;
  slow: string;
  error: string;
  retry: string;
  busy: string;
}

export const PALETTES: Record<Theme, Palette> = {
  dark: {
    ground: '#0c1015', area: '#10161d', areaLine: '#232d38', surface: '#18212b', track: '#2c3947', line: '#3b4b5c',
    text: '#e3e9f0', soft: '#8b9bac', accent: '#f3f6fa',
    ok: '#5db7ee', slow: '#e6b440', error: '#ff5f57', retry: '#d48ac6', busy: '#3fa6a0',
  },
  light: {
    ground: '#f7f8fa', area: '#eef1f5', areaLine: '#d3dae2', surface: '#ffffff', track: '#c6d0da', line: '#aebbc8',
    text: '#18222d', soft: '#5c6b7a', accent: '#0d151e',
    ok: '#1f7fc4', slow: '#c08500', error: '#d83a1f', retry: '#a8559a', busy: '#1e8781',
  },
};

export function rgb(hex: string): Rgb {
  const value = parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}
