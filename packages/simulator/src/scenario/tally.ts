import { hash32 } from '../random.ts';

/** Counts how often each text came, in memory that does not grow: two texts may share a count. */
export interface Tally {
  /** How often it came before. */
  next(text: string): number;
}

const CELLS = 65_536;

/** Creates a tally of nothing. */
export function createTally(): Tally {
  const counts = new Uint32Array(CELLS);
  return {
    next: (text) => {
      const cell = hash32(text) % CELLS;
      const count = counts[cell] ?? 0;
      counts[cell] = count + 1;
      return count;
    },
  };
}
