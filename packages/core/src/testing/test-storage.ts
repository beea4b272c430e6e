import assert from 'node:assert/strict';
import { ConnectorError } from '../connector-error.ts';
import type { StorageAdapter } from '../storage-adapter.ts';
import { listCases } from './list-cases.ts';
import { skip, type TestRunner } from './runner.ts';
import { ODD_IDS, VALUES } from './sample-records.ts';

export interface TestStorageOptions {
  /** Closes the storage and opens the same data again. Without it, durability is not tested, and the runner shows a skip. */
  readonly reopen?: (storage: StorageAdapter) => Promise<StorageAdapter>;
}

/**
 * The contract of `StorageAdapter` as test cases.
 *
 * ```ts
 * import { describe, it } from 'node:test';
 * testStorage({ describe, it }, async () => myStorage());
 * ```
 *
 * @param create Opens an empty storage of its own for one case. The suite closes it.
 */
export function testStorage(
  runner: TestRunner,
  create: () => Promise<StorageAdapter>,
  { reopen }: TestStorageOptions = {},
): void {
  const test = (name: string, body: (storage: StorageAdapter) => Promise<void>, open = create) =>
    runner.it(name, async () => {
      const storage = await open();
      try {
        await body(storage);
      } finally {
        await storage.close?.();
      }
    });

  runner.describe('StorageAdapter', () => {
    test('a record that was never put is not there', async (storage) => {
      assert.equal(await storage.get('things', 'a'), undefined);
      assert.equal(await storage.delete('things', 'a'), false);
      assert.deepEqual(await storage.list('things'), []);
    });

    test('every JSON value comes back as it was put', async (storage) => {
      for (const value of VALUES) {
        const version = await storage.put('things', 'a', value);
        assert.deepEqual(await storage.get('things', 'a'), { id: 'a', value, version });
        assert.deepEqual(await storage.list('things'), [{ id: 'a', value, version }]);
      }
    });

    test('a value of a megabyte comes back whole', async (storage) => {
      const value = { text: 'ä\u0000"'.repeat(350_000) };
      await storage.put('things', 'a', value);
      assert.deepEqual((await storage.get('things', 'a'))?.value, value);
    });

    test('a field that is undefined is not stored', async (storage) => {
      await storage.put('things', 'a', { kept: 1, dropped: undefined });
      assert.deepEqual((await storage.get('things', 'a'))?.value, { kept: 1 });
    });

    test('changing a value that was put or read does not change the record', async (storage) => {
      const value = { list: [1] };
      await storage.put('things', 'a', value);
      value.list.push(2);
      const read = (await storage.get('things', 'a'))?.value as unknown as typeof value;
      assert.deepEqual(read, { list: [1] });
      read.list.push(3);
      assert.deepEqual((await storage.get('things', 'a'))?.value, { list: [1] });
    });

    test('two ids are two records, however alike they look', async (storage) => {
      for (const id of ODD_IDS) await storage.put('things', id, { id });
      for (const id of ODD_IDS) {
        const record = await storage.get('things', id);
        assert.deepEqual([record?.id, record?.value], [id, { id }]);
        assert.ok((await storage.list('things', { prefix: id })).some((listed) => listed.id === id));
      }
      assert.equal((await storage.list('things')).length, ODD_IDS.length);
      for (const id of ODD_IDS) assert.equal(await storage.delete('things', id), true);
      assert.deepEqual(await storage.list('things'), []);
    });

    test('the same id in two collections is two records', async (storage) => {
      await storage.put('things', 'a', 1);
      await storage.put('Things', 'a', 2);
      await storage.put('thing', 'sa', 3);
      assert.equal(await storage.delete('Things', 'a'), true);
      assert.equal((await storage.get('things', 'a'))?.value, 1);
      assert.deepEqual(
        (await storage.list('thing')).map(({ id }) => id),
        ['sa'],
      );
    });

    test('every put gives a version that the record never had: after the same value, after a delete', async (storage) => {
      const versions: string[] = [];
      for (let round = 0; round < 5; round++) {
        versions.push(await storage.put('things', 'a', 1));
        versions.push(await storage.put('things', 'a', 1));
        await storage.delete('things', 'a');
      }
      for (const version of versions) assert.equal(typeof version, 'string');
      assert.equal(new Set(versions).size, versions.length);
    });

    test('a relaxed write keeps the same promises while the machine lives', async (storage) => {
      const relaxed = { relaxed: true };
      const first = await storage.put('things', 'a', 1, { ...relaxed, ifVersion: null });
      await assert.rejects(storage.put('things', 'a', 2, { ...relaxed, ifVersion: null }), isConflict);
      const second = await storage.put('things', 'a', 2, { ...relaxed, ifVersion: first });
      await storage.put('things', 'b', 3, relaxed);
      assert.equal(await storage.delete('things', 'a', { ...relaxed, ifVersion: first }), false);
      assert.deepEqual(await storage.get('things', 'a'), { id: 'a', value: 2, version: second });
      const deletions = Array.from({ length: 5 }, () => storage.delete('things', 'b', relaxed));
      assert.equal((await Promise.all(deletions)).filter(Boolean).length, 1);
    });

    test('a put with a version that no longer holds is a conflict and changes nothing', async (storage) => {
      const first = await storage.put('things', 'a', 1);
      const second = await storage.put('things', 'a', 2, { ifVersion: first });
      assert.notEqual(second, first);
      for (const ifVersion of [first, null, 'never given', '']) {
        await assert.rejects(storage.put('things', 'a', 3, { ifVersion }), isConflict);
        assert.deepEqual(await storage.get('things', 'a'), { id: 'a', value: 2, version: second });
      }
      await storage.put('things', 'a', 4, { ifVersion: undefined });
      assert.equal((await storage.get('things', 'a'))?.value, 4);
    });

    test('a put with `ifVersion: null` creates, and only once', async (storage) => {
      await storage.put('things', 'a', 1, { ifVersion: null });
      await assert.rejects(storage.put('things', 'a', 2, { ifVersion: null }), isConflict);
      await storage.delete('things', 'a');
      await storage.put('things', 'a', 3, { ifVersion: null });
      assert.equal((await storage.get('things', 'a'))?.value, 3);
    });

    test('a put with a version does not create a record that is gone', async (storage) => {
      const version = await storage.put('things', 'a', 1);
      await storage.delete('things', 'a');
      await assert.rejects(storage.put('things', 'a', 2, { ifVersion: version }), isConflict);
      assert.equal(await storage.get('things', 'a'), undefined);
    });

    test('a record that was deleted and put again is not taken for the old one', async (storage) => {
      const old = await storage.put('things', 'a', 1);
      await storage.delete('things', 'a');
      await storage.put('things', 'a', 1);
      await assert.rejects(storage.put('things', 'a', 2, { ifVersion: old }), isConflict);
      assert.equal(await storage.delete('things', 'a', { ifVersion: old }), false);
      assert.equal((await storage.get('things', 'a'))?.value, 1);
    });

    test('a version of one record is no version of another', async (storage) => {
      const one = await storage.put('things', 'a', 1);
      const other = await storage.put('things', 'b', 1);
      const [before] = await storage.list('things');
      if (one !== other)
        await assert.rejects(storage.put('things', 'a', 2, { ifVersion: other }), isConflict);
      assert.deepEqual((await storage.list('things'))[0], before);
    });

    test('a delete with a version that does not hold deletes nothing', async (storage) => {
      const first = await storage.put('things', 'a', 1);
      const second = await storage.put('things', 'a', 2);
      assert.equal(await storage.delete('things', 'a', { ifVersion: first }), false);
      assert.equal((await storage.get('things', 'a'))?.value, 2);
      assert.equal(await storage.delete('things', 'a', { ifVersion: second }), true);
      assert.equal(await storage.delete('things', 'a', { ifVersion: second }), false);
    });

    test('of many that create, exactly one wins, and its value stays', async (storage) => {
      const outcomes = await race(20, (index) => storage.put('things', 'a', index, { ifVersion: null }));
      assert.equal(outcomes.length, 1);
      assert.equal((await storage.get('things', 'a'))?.value, outcomes[0]);
    });

    test('of many that change the same version, exactly one wins, and its value stays', async (storage) => {
      const version = await storage.put('things', 'a', 'before');
      const outcomes = await race(20, (index) => storage.put('things', 'a', index, { ifVersion: version }));
      assert.equal(outcomes.length, 1);
      assert.equal((await storage.get('things', 'a'))?.value, outcomes[0]);
    });

    test('of many that delete, exactly one is told that it did', async (storage) => {
      for (const conditional of [false, true]) {
        const version = await storage.put('things', 'a', 1);
        const options = conditional ? { ifVersion: version } : {};
        const told = await Promise.all(
          Array.from({ length: 20 }, () => storage.delete('things', 'a', options)),
        );
        assert.equal(told.filter(Boolean).length, 1);
      }
    });

    test('no increment is lost when many read, change and put back', async (storage) => {
      const increment = async (): Promise<void> => {
        const record = await storage.get('things', 'a');
        const value = Number(record?.value ?? 0) + 1;
        try {
          await storage.put('things', 'a', value, { ifVersion: record?.version ?? null });
        } catch (error) {
          if (!isConflict(error)) throw error;
          await increment();
        }
      };
      await Promise.all(Array.from({ length: 10 }, increment));
      assert.equal((await storage.get('things', 'a'))?.value, 10);
    });

    listCases(test);

    const durable = 'what was put is there after a restart, and versions still rise';
    if (!reopen) return skip(runner, `${durable} (no \`reopen\` was given: this storage is not durable)`);
    runner.it(durable, async () => {
      const before = await create();
      const version = await before.put('things', 'a', VALUES.slice());
      const gone = await before.put('things', 'b', 1);
      await before.delete('things', 'b');
      const storage = await reopen(before);
      try {
        assert.deepEqual(await storage.get('things', 'a'), { id: 'a', value: VALUES, version });
        assert.equal(await storage.get('things', 'b'), undefined);
        assert.notEqual(await storage.put('things', 'b', 1), gone);
        assert.notEqual(await storage.put('things', 'a', 2, { ifVersion: version }), version);
      } finally {
        await storage.close?.();
      }
    });
  });
}

const isConflict = (error: unknown): true => {
  assert.ok(ConnectorError.is(error, 'conflict'), `expected a ConnectorError 'conflict', got ${error}`);
  return true;
};

/** The indexes of those that did not lose. */
async function race(racers: number, run: (index: number) => Promise<unknown>): Promise<readonly number[]> {
  const outcomes = await Promise.all(
    Array.from({ length: racers }, (_, index) =>
      run(index).then(
        () => index,
        (error: unknown) => {
          isConflict(error);
          return undefined;
        },
      ),
    ),
  );
  return outcomes.filter((index) => index !== undefined);
}
