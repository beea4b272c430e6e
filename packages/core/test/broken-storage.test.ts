import { describe, expect, it } from 'vitest';
import { ConnectorError, type Json, memoryStorage, type StorageAdapter } from '../src/index.ts';
import { runSuite, testStorage } from '../src/testing/index.ts';

const conflict = () => new ConnectorError('conflict', 'changed');
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A storage of one's own that works, to be broken in one place. */
function naive() {
  const records = new Map<string, { id: string; value: Json; version: string }>();
  const key = (collection: string, id: string) => `${collection}\n${id}`;
  return { records, key };
}

// What is wrong, how it is wrong, and the case that must notice.
const broken: readonly (readonly [string, (sound: StorageAdapter) => Partial<StorageAdapter>, string])[] = [
  [
    'put ignores ifVersion',
    (sound) => ({ put: (collection, id, value) => sound.put(collection, id, value) }),
    'a put with a version that no longer holds is a conflict and changes nothing',
  ],
  [
    'put ignores ifVersion: null',
    (sound) => ({
      put: (collection, id, value, options) =>
        sound.put(collection, id, value, options?.ifVersion === null ? {} : options),
    }),
    'a put with `ifVersion: null` creates, and only once',
  ],
  [
    'a conflict is an ordinary error',
    (sound) => ({
      put: (...args) =>
        sound.put(...args).catch(() => {
          throw new Error('changed');
        }),
    }),
    'a put with a version that no longer holds is a conflict and changes nothing',
  ],
  [
    'a conflict writes all the same',
    (sound) => ({
      async put(collection, id, value, options) {
        try {
          return await sound.put(collection, id, value, options);
        } catch (error) {
          await sound.put(collection, id, value);
          throw error;
        }
      },
    }),
    'a put with a version that no longer holds is a conflict and changes nothing',
  ],
  [
    'put compares and sets in two steps',
    (sound) => ({
      async put(collection, id, value, { ifVersion } = {}) {
        const version = (await sound.get(collection, id))?.version ?? null;
        await turn();
        if (ifVersion !== undefined && ifVersion !== version) throw conflict();
        return sound.put(collection, id, value);
      },
    }),
    'of many that create, exactly one wins, and its value stays',
  ],
  [
    'put with a version creates what is gone',
    (sound) => ({
      async put(collection, id, value, options) {
        if (await sound.get(collection, id)) return sound.put(collection, id, value, options);
        return sound.put(collection, id, value);
      },
    }),
    'a put with a version does not create a record that is gone',
  ],
  [
    'delete tells everybody that they did it',
    (sound) => ({ delete: async (...args) => (await sound.delete(...args)) || true }),
    'of many that delete, exactly one is told that it did',
  ],
  [
    'delete looks first and deletes later',
    (sound) => ({
      async delete(collection, id, options) {
        const found = await sound.get(collection, id);
        await turn();
        await sound.delete(collection, id, options);
        return found !== undefined;
      },
    }),
    'of many that delete, exactly one is told that it did',
  ],
  [
    'delete ignores ifVersion',
    (sound) => ({ delete: (collection, id) => sound.delete(collection, id) }),
    'a delete with a version that does not hold deletes nothing',
  ],
  [
    'versions count from one again after a delete',
    () => {
      const { records, key } = naive();
      return {
        get: async (collection, id) => records.get(key(collection, id)),
        async put(collection, id, value, { ifVersion } = {}) {
          const before = records.get(key(collection, id));
          if (ifVersion !== undefined && ifVersion !== (before?.version ?? null)) throw conflict();
          const version = String(Number(before?.version ?? 0) + 1);
          records.set(key(collection, id), { id, value, version });
          return version;
        },
        delete: async (collection, id) => records.delete(key(collection, id)),
      };
    },
    'a record that was deleted and put again is not taken for the old one',
  ],
  [
    'the version is a hash of the value',
    (sound) => ({ put: async (...args) => sound.put(...args).then(() => JSON.stringify(args[2])) }),
    'every put gives a version that the record never had: after the same value, after a delete',
  ],
  [
    'ids are compared without case',
    (sound) => ({
      get: (collection, id) => sound.get(collection, id.toLowerCase()),
      put: (collection, id, ...rest) => sound.put(collection, id.toLowerCase(), ...rest),
    }),
    'two ids are two records, however alike they look',
  ],
  [
    'ids are normalised',
    (sound) => ({
      get: (collection, id) => sound.get(collection, id.normalize()),
      put: (collection, id, ...rest) => sound.put(collection, id.normalize(), ...rest),
    }),
    'two ids are two records, however alike they look',
  ],
  [
    'ids end at a NUL',
    (sound) => ({
      get: (collection, id) => sound.get(collection, id.replace(/\0.*/s, '')),
      put: (collection, id, ...rest) => sound.put(collection, id.replace(/\0.*/s, ''), ...rest),
    }),
    'two ids are two records, however alike they look',
  ],
  [
    'collection and id run into each other',
    (sound) => ({
      get: (collection, id) => sound.get('all', collection + id),
      put: (collection, id, ...rest) => sound.put('all', collection + id, ...rest),
      delete: (collection, id, options) => sound.delete('all', collection + id, options),
    }),
    'the same id in two collections is two records',
  ],
  [
    'a list is sorted by UTF-16 unit',
    (sound) => ({
      list: async (collection, options) =>
        (await sound.list(collection, options)).toSorted((one, other) => (one.id < other.id ? -1 : 1)),
    }),
    'a list is in code-point order',
  ],
  [
    'a list is sorted by locale',
    (sound) => ({
      list: async (collection, options) =>
        (await sound.list(collection, options)).toSorted((one, other) => one.id.localeCompare(other.id)),
    }),
    'a list is in code-point order',
  ],
  [
    'a list ignores its limit',
    (sound) => ({ list: (collection, options) => sound.list(collection, { ...options, limit: 1_000_000 }) }),
    'pages of a list put together are the list, also when the last record was deleted meanwhile',
  ],
  [
    'a list without a limit gives everything',
    (sound) => ({ list: (collection, options) => sound.list(collection, { limit: 1_000_000, ...options }) }),
    'a list without a limit ends after 1000',
  ],
  [
    'a page begins with the last record of the page before',
    (sound) => ({
      async list(collection, options = {}) {
        const last = options.after === undefined ? undefined : await sound.get(collection, options.after);
        const rest = await sound.list(collection, options);
        return (last ? [last, ...rest] : rest).slice(0, options.limit);
      },
    }),
    'a prefix is taken literally, and its case matters',
  ],
  [
    'a page needs the last record of the page before',
    (sound) => ({
      async list(collection, { after, limit = 1000, ...options } = {}) {
        const all = await sound.list(collection, { ...options, limit: 1_000_000 });
        const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
        return all.slice(from, from + limit);
      },
    }),
    'pages of a list put together are the list, also when the last record was deleted meanwhile',
  ],
  [
    'a prefix is a pattern',
    (sound) => ({
      async list(collection, { prefix = '', ...options } = {}) {
        const pattern = prefix
          .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
          .replace(/%/g, '.*')
          .replace(/_/g, '.');
        const all = await sound.list(collection, options);
        return all.filter(({ id }) => new RegExp(`^${pattern}`, 's').test(id));
      },
    }),
    'a prefix is taken literally, and its case matters',
  ],
  [
    'values keep the reference',
    () => {
      const { records, key } = naive();
      let versions = 0;
      return {
        get: async (collection, id) => records.get(key(collection, id)),
        async put(collection, id, value) {
          records.set(key(collection, id), { id, value, version: String(++versions) });
          return String(versions);
        },
      };
    },
    'changing a value that was put or read does not change the record',
  ],
  [
    'values lose half surrogate pairs and NULs',
    (sound) => ({
      put: (collection, id, value, options) =>
        sound.put(
          collection,
          id,
          JSON.parse(JSON.stringify(value).replace(/\\u(0000|d\w{3})/g, '?')),
          options,
        ),
    }),
    'every JSON value comes back as it was put',
  ],
  [
    'values are cut off at 64 KB',
    (sound) => ({
      put: (collection, id, value, options) =>
        sound.put(collection, id, JSON.stringify(value).length > 65_536 ? 'cut off' : value, options),
    }),
    'a value of a megabyte comes back whole',
  ],
  [
    'null is no value',
    (sound) => ({
      async get(collection, id) {
        const record = await sound.get(collection, id);
        return record?.value === null ? undefined : record;
      },
    }),
    'every JSON value comes back as it was put',
  ],
];

describe('testStorage', () => {
  it.each(broken)('notices that %s', async (_, breakIt, name) => {
    const results = await runSuite((runner) =>
      testStorage(runner, async () => {
        const sound = memoryStorage();
        return { ...sound, ...breakIt(sound) };
      }),
    );
    expect(results.filter(({ error }) => error !== undefined).map((result) => result.name)).toContain(name);
  });

  it('notices that nothing is left after a restart', async () => {
    const results = await runSuite((runner) =>
      testStorage(runner, async () => memoryStorage(), { reopen: async () => memoryStorage() }),
    );
    expect(results.filter(({ error }) => error !== undefined).map(({ name }) => name)).toEqual([
      'what was put is there after a restart, and versions still rise',
    ]);
  });

  it('notices that versions begin anew after a restart', async () => {
    const forgetful = (records: Map<string, Json>, start = 0): StorageAdapter => {
      let versions = start;
      return {
        ...memoryStorage(),
        async get(_, id) {
          const value = records.get(id);
          return value === undefined ? undefined : { id, value, version: '1' };
        },
        async put(_, id, value) {
          records.set(id, value);
          return String(++versions);
        },
        delete: async (_, id) => records.delete(id),
      };
    };
    const records = new Map<string, Json>();
    const results = await runSuite((runner) =>
      testStorage(runner, async () => forgetful(records), { reopen: async () => forgetful(records, 1) }),
    );
    expect(results.find(({ name }) => name.startsWith('what was put'))?.error).toBeDefined();
  });
});
