/** A seeded stream of pseudo-random numbers: the same seed parts give the same stream on every machine. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number in [0, bound). */
  integer(bound: number): number;
  /** One item of a list that is not empty. */
  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T;
  /** A normally distributed number with mean 0 and deviation 1. */
  normal(): number;
  /** A version 4 GUID. */
  guid(): string;
  /** Letters and digits. */
  text(length: number): string;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Mixes any number of parts into 32 bits (cyrb53's rounds, lower half). */
export function hash32(...parts: readonly (string | number)[]): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (const part of parts) {
    const text = typeof part === 'string' ? part : `#${part}`;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    a = Math.imul(a ^ 0x1f, 2654435761);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  return (a ^ (a >>> 15)) >>> 0;
}

/** A share in [0, 1) that depends on nothing but the parts. */
export function share(...parts: readonly (string | number)[]): number {
  return hash32(...parts) / 4294967296;
}

/** Creates a stream of pseudo-random numbers (sfc32) from seed parts. */
export function createRandom(...parts: readonly (string | number)[]): Random {
  let a = hash32('a', ...parts) | 0;
  let b = hash32('b', ...parts) | 0;
  let c = hash32('c', ...parts) | 0;
  let d = 1;
  const bits = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round++) bits();
  const hex = () => bits().toString(16).padStart(8, '0');
  const next = () => bits() / 4294967296;
  return {
    next,
    integer: (bound) => Math.floor(next() * bound),
    pick: <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    guid: () => {
      const text = hex() + hex() + hex() + hex();
      const variant = ((Number.parseInt(text.charAt(16), 16) & 3) | 8).toString(16);
      return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-${variant}${text.slice(17, 20)}-${text.slice(20)}`;
    },
    text: (length) => {
      let text = '';
      while (text.length < length) text += ALPHABET.charAt(bits() % ALPHABET.length);
      return text;
    },
  };
}
