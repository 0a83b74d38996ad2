/** A link that holds a whole scenario: its text deflated, in the alphabet of URLs. */

export interface Carried {
  text: string;
  seed: number;
  /** The scenario of the text that was done by hand. */
  scenario?: string;
}

export const LONGEST = 8 * 1024;

export async function pack(carried: Carried): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(carried));
  return toUrl(await through(bytes, new CompressionStream('deflate-raw')));
}

/** Null if it is not one of ours, or cut off on its way. */
export async function unpack(word: string): Promise<Carried | null> {
  try {
    const bytes = await through(fromUrl(word), new DecompressionStream('deflate-raw'), LARGEST);
    const carried = JSON.parse(new TextDecoder().decode(bytes));
    const sound = typeof carried.text === 'string' && Number.isSafeInteger(carried.seed);
    return sound ? carried : null;
  } catch {
    return null;
  }
}

/** What a few KiB may unpack to: more is made to do harm. */
const LARGEST = 4 * 1024 * 1024;

async function through(bytes: Uint8Array, stream: CompressionStream | DecompressionStream, most = Infinity): Promise<Uint8Array> {
  const reader = new Blob([bytes as BlobPart]).stream().pipeThrough(stream).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let it = await reader.read(); !it.done; it = await reader.read()) {
    length += it.value.length;
    if (length > most) throw new Error('too large');
    parts.push(it.value);
  }
  return join(parts, length);
}

function join(parts: Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function toUrl(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function fromUrl(word: string): Uint8Array {
  return Uint8Array.from(atob(word.replaceAll('-', '+').replaceAll('_', '/')), (it) => it.charCodeAt(0));
}
