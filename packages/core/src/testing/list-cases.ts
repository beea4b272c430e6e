import assert from 'node:assert/strict';
import type { ListOptions, StorageAdapter } from '../storage-adapter.ts';
import { ORDERED } from './sample-records.ts';

/** The part of the storage suite that is about `list`. */
export function listCases(
  test: (name: string, body: (storage: StorageAdapter) => Promise<void>) => void,
): void {
  test('a list is in code-point order', async (storage) => {
    for (const id of ORDERED.toReversed()) await storage.put('things', id, id);
    assert.deepEqual(await ids(storage), ORDERED);
  });

  test('pages of a list put together are the list, also when the last record was deleted meanwhile', async (storage) => {
    for (const id of ORDERED) await storage.put('things', id, id);
    const seen: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await ids(storage, { after, limit: 3 });
      assert.ok(page.length <= 3);
      seen.push(...page);
      after = page.at(-1);
      if (after === undefined) break;
      await storage.delete('things', after);
    }
    assert.deepEqual(seen, ORDERED);
  });

  test('a prefix is taken literally, and its case matters', async (storage) => {
    const all = '% %a A/1 _ _a a a%1 a/ a/1 a/1/x a/2 a0 aa a\u{10ffff} b \u{10ffff}'.split(' ');
    for (const id of all) await storage.put('things', id, id);
    for (const prefix of [
      '',
      'a',
      'a/',
      'a/1',
      'A',
      '%',
      '_',
      'a%',
      'a\u{10ffff}',
      '\u{10ffff}',
      'zzz',
      '*',
      '?',
    ])
      assert.deepEqual(
        await ids(storage, { prefix }),
        all.filter((id) => id.startsWith(prefix)),
        prefix,
      );
    assert.deepEqual(await ids(storage, { prefix: 'a/', after: 'a/1', limit: 1 }), ['a/1/x']);
    assert.deepEqual(await ids(storage, { prefix: 'a/', after: 'a' }), ['a/', 'a/1', 'a/1/x', 'a/2']);
    assert.deepEqual(await ids(storage, { prefix: 'a/', after: 'b' }), []);
  });

  test('a list without a limit ends after 1000', async (storage) => {
    const all = Array.from({ length: 1001 }, (_, index) => String(index).padStart(4, '0'));
    for (let from = 0; from < all.length; from += 50)
      await Promise.all(all.slice(from, from + 50).map((id) => storage.put('things', id, null)));
    assert.deepEqual(await ids(storage), all.slice(0, 1000));
    assert.deepEqual(await ids(storage, { limit: 1001 }), all);
  });
}

const ids = async (storage: StorageAdapter, options?: ListOptions) =>
  (await storage.list('things', options)).map(({ id }) => id);
