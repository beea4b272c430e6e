import { describe, expect, it } from 'vitest';
import type { DirectorySink, MemoryDirectory } from '../src/index.ts';
import { memoryDirectory } from '../src/index.ts';
import { runSuite, testDirectorySink } from '../src/testing/index.ts';
import { directoryUnderTest } from './node/memory.ts';

type Broken = (sound: MemoryDirectory) => Partial<DirectorySink>;

const MEASURE =
  'a mass removal can be told before it is applied: how many are stored, and how many a sweep would take';
const OF_ONE = 'what is counted is of one kind and one connection';
const PRESENT = 'of entries that are to go it can be told which are stored at all, and since which round';

// What is wrong, how it is wrong, and the case that must notice.
const broken: readonly (readonly [string, Broken, string])[] = [
  [
    'nothing is ever stale',
    (sound) => ({ measure: async (...of) => ({ ...(await sound.measure(...of)), stale: 0 }) }),
    MEASURE,
  ],
  [
    "what is of the sweep's own round counts as stale",
    (sound) => ({
      measure: (connectionId, kind, generation) => sound.measure(connectionId, kind, generation + 1),
    }),
    MEASURE,
  ],
  [
    'what was removed still counts',
    (sound) => {
      let most = 0;
      return {
        async measure(...of) {
          const { stored, stale } = await sound.measure(...of);
          most = Math.max(most, stored);
          return { stored: most, stale };
        },
      };
    },
    MEASURE,
  ],
  [
    'all kinds are counted together',
    (sound) => ({
      async measure(connectionId, _kind, generation) {
        const kinds = ['domain', 'user', 'contact', 'group'] as const;
        const all = await Promise.all(kinds.map((kind) => sound.measure(connectionId, kind, generation)));
        const sum = (name: 'stored' | 'stale') => all.reduce((total, each) => total + each[name], 0);
        return { stored: sum('stored'), stale: sum('stale') };
      },
    }),
    OF_ONE,
  ],
  [
    'connections are counted whatever the case of their ids',
    (sound) => ({
      async measure(connectionId, kind, generation) {
        const own = await sound.measure(connectionId, kind, generation);
        const other = await sound.measure(connectionId.toUpperCase(), kind, generation);
        return { stored: own.stored + other.stored, stale: own.stale + other.stale };
      },
    }),
    OF_ONE,
  ],
  [
    'everything that is asked about is there',
    () => ({ present: async (_connection, _kind, ids) => ids }),
    PRESENT,
  ],
  [
    'the round is not looked at',
    (sound) => ({ present: (connectionId, kind, ids) => sound.present(connectionId, kind, ids, 0) }),
    PRESENT,
  ],
  [
    'ids are looked up whatever their case',
    (sound) => ({
      present: (connectionId, kind, ids, generation) =>
        sound.present(
          connectionId,
          kind,
          ids.map((id) => id.toLowerCase()),
          generation,
        ),
    }),
    PRESENT,
  ],
  [
    'only the first hundred are looked up',
    (sound) => ({
      present: (connectionId, kind, ids, generation) =>
        sound.present(connectionId, kind, ids.slice(0, 100), generation),
    }),
    PRESENT,
  ],
];

describe('testDirectorySink', () => {
  it.each(broken)('notices that %s', async (_, breakIt, name) => {
    const results = await runSuite((runner) =>
      testDirectorySink(runner, async () => {
        const sound = memoryDirectory();
        return { ...directoryUnderTest(sound), sink: { ...sound, ...breakIt(sound) } };
      }),
    );
    expect(results.filter(({ error }) => error !== undefined).map((result) => result.name)).toContain(name);
  });
});
