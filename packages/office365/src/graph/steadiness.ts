/** Whether the service answers at random with errors that pass: then an error about one item says little of the item. */
export interface Steadiness {
  succeeded(): void;
  /** Errors that pass; those about an item are counted once it has come after all. */
  failed(times: number): void;
  readonly isShaky: boolean;
}

// One in twenty: three errors in a row by chance are then one in ten thousand.
const SHAKY = 0.05;
const WEIGHT = 1 / 32;
const MEMORY = 600_000;

/** The share of errors among the last few dozen answers of the last minutes, over all that is asked for. */
export function createSteadiness(clock: { now(): number }): Steadiness {
  let share = 0;
  let notedAt = Number.NEGATIVE_INFINITY;
  const add = (value: 0 | 1, times: number) => {
    if (clock.now() - notedAt > MEMORY) share = 0;
    notedAt = clock.now();
    for (let time = 0; time < times; time++) share += (value - share) * WEIGHT;
  };
  return {
    succeeded: () => add(0, 1),
    failed: (times) => add(1, times),
    get isShaky() {
      return share > SHAKY && clock.now() - notedAt <= MEMORY;
    },
  };
}
