/** Half of it certain, half of it by chance: callers spread out, and none comes back at once. */
export const equalJitter = (milliseconds: number, random: () => number): number =>
  milliseconds / 2 + random() * (milliseconds / 2);

/** `base`, doubled with each attempt after the first, up to `most`. */
export const doubled = (base: number, most: number, attempt: number): number =>
  Math.min(most, base * 2 ** (attempt - 1));
