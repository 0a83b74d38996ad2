import { describe, expect, it } from 'vitest';
import { LONGEST, pack, unpack } from '../src/share/link';

describe('a link that carries a scenario', () => {
  it('gives back what it was made from', async () => {
    const carried = { text: 'architecture: kühl\nservices: {}\n', seed: 7, scenario: 'live' };
    const word = await pack(carried);
    expect(word).toMatch(/^[\w-]+$/);
    expect(await unpack(word)).toEqual(carried);
  });

  it('holds an ordinary architecture within its bounds', async () => {
    const services = Array.from({ length: 60 }, (_, at) => `  service-${at}: { instances: ${at + 1}, do: [ { work: exp(${at}ms) } ] }`);
    const word = await pack({ text: `architecture: large\nservices:\n${services.join('\n')}\n`, seed: 1 });
    expect(word.length).toBeLessThan(LONGEST);
  });

  it.each(['', 'abc', '!!!'])('that is none is nothing: %s', async (word) => expect(await unpack(word)).toBeNull());

  it('that holds something else is nothing', async () => {
    expect(await unpack(await pack({ seed: 1 } as never))).toBeNull();
    expect(await unpack(await pack({ text: 'x', seed: 0.5 }))).toBeNull();
  });

  it('that was cut off is nothing', async () => {
    const word = await pack({ text: 'x'.repeat(100) + Math.PI, seed: 1 });
    expect(await unpack(word.slice(0, word.length / 2))).toBeNull();
  });

  it('that unpacks to far more than any file is nothing', async () => {
    const word = await pack({ text: 'x'.repeat(20_000_000), seed: 1 });
    expect(await unpack(word)).toBeNull();
  });
});
