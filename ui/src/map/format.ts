/** Numbers as the map writes them: three digits at most, units close by. */

export function amount(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 999_500_000) return `${digits(value / 1e9)}G`;
  if (size >= 999_500) return `${digits(value / 1e6)}M`;
  if (size >= 999.5) return `${digits(value / 1e3)}k`;
  return digits(value);
}

export function rate(value: number): string {
  return `${amount(value)}/s`;
}

export function share(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const percent = value * 100;
  if (percent > 0 && percent < 0.1) return '<0.1%';
  return `${percent < 9.95 ? trim(percent.toFixed(1)) : Math.round(percent)}%`;
}

export function seconds(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value < 1e-3) return `${digits(value * 1e6)}µs`;
  if (value < 0.9995) return `${digits(value * 1e3)}ms`;
  return `${digits(value)}s`;
}

function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.5 || size === 0) return value.toFixed(0);
  return trim(value.toFixed(size >= 9.95 ? (size >= 20 ? 0 : 1) : size >= 0.995 ? 1 : 2));
}

function trim(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
