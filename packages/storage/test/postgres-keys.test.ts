import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeKey, encodeKey } from '../src/postgres/key-text.ts';

describe('a key', () => {
  it('gives every text a key that comes back, sorts and begins as the text does', () => {
    const letter = fc.constantFrom(
      ...'\0 \u0001 \u0002 a \ud7ff \ud800 \udbff \udc00 \udfff \ue000 \ue7ff \u{10ffff}'.split(' '),
    );
    const text = fc.oneof(fc.string({ unit: letter }), fc.string({ unit: 'binary' }));
    const points = (value: string) => Array.from(value, (character) => character.codePointAt(0) ?? 0);
    const compare = (one: string, other: string) => {
      const [ours, theirs] = [points(one), points(other)];
      const at = ours.findIndex((point, index) => point !== theirs[index]);
      return at < 0
        ? Math.sign(ours.length - theirs.length)
        : Math.sign((ours[at] ?? 0) - (theirs[at] ?? -1));
    };
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [key, otherKey] = [encodeKey(one), encodeKey(other)];
        expect(key.isWellFormed() && !key.includes('\0')).toBe(true);
        expect(decodeKey(key)).toBe(one);
        expect(Math.sign(Buffer.compare(Buffer.from(key), Buffer.from(otherKey)))).toBe(compare(one, other));
        const begins = points(other).every((point, index) => points(one)[index] === point);
        expect(key.startsWith(otherKey)).toBe(begins);
      }),
    );
  });
});
