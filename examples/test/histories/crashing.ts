import type { DirectorySink, StorageAdapter } from '@mailsphere/core';

/** Where a process dies: at its step `at` of that kind, counted from 1. */
export interface Crash {
  /** `write` is one that changes the storage, `sink` one of the sink. */
  readonly of: 'any' | 'write' | 'sink';
  readonly at: number;
  /**
   * `before` the step takes effect, or `after` it but before the process knows. `late`: a batch on its way to the sink arrives when
   * another process has taken over; other steps are as `before`.
   */
  readonly when: 'before' | 'after' | 'late';
}

/** A process that dies at one of its steps, and from then on changes nothing any more. */
export interface Mortal {
  readonly dead: boolean;
  /** The batch that was on its way when the process died. */
  readonly late: (() => Promise<unknown>) | undefined;
  storage(storage: StorageAdapter): StorageAdapter;
  sink(sink: DirectorySink): DirectorySink;
  /** Throws when the process is dead. */
  live(): void;
}

export function mortal(crash: Crash | undefined): Mortal {
  let steps = 0;
  let dead = false;
  let late: (() => Promise<unknown>) | undefined;

  const live = () => {
    if (dead) throw new Error('The process is dead.');
  };
  const step = async <T>(
    kind: 'read' | 'write' | 'sink',
    effect: () => Promise<T>,
    arrive?: () => Promise<unknown>,
  ): Promise<T> => {
    live();
    if (crash?.of === 'any' || crash?.of === kind) steps++;
    else return effect();
    if (steps !== crash.at) return effect();
    dead = true;
    if (crash.when === 'after') await effect();
    if (crash.when === 'late') late = arrive;
    throw new Error('The process dies.');
  };

  return {
    get dead() {
      return dead;
    },
    get late() {
      return late;
    },
    live,
    storage: (storage) => ({
      ...storage,
      get: (...args) => step('read', () => storage.get(...args)),
      put: (...args) => step('write', () => storage.put(...args)),
      delete: (...args) => step('write', () => storage.delete(...args)),
      list: (...args) => step('read', () => storage.list(...args)),
    }),
    sink: (sink) => ({
      ...sink,
      apply: (batch, ...more) =>
        step(
          'sink',
          () => sink.apply(batch, ...more),
          // Nobody is there any more who could call it back.
          () => sink.apply(batch),
        ),
      measure: (...args) => step('sink', () => sink.measure(...args)),
    }),
  };
}
