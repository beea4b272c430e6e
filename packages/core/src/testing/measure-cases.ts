import assert from 'node:assert/strict';
import type { DirectorySinkUnderTest } from './directory-under-test.ts';
import { batch, contact, group, removed, upserted, user } from './sample-directory.ts';

type Test = (name: string, body: (underTest: DirectorySinkUnderTest) => Promise<void>) => void;

/** The part of the directory suite that is about `measure` and `present`. */
export function measureCases(test: Test): void {
  test('a mass removal can be told before it is applied: how many are stored, and how many a sweep would take', async ({
    sink,
  }) => {
    assert.deepEqual(await sink.measure('one', 'user', 1), { stored: 0, stale: 0 });
    const users = ['u1', 'u2', 'u3'].map((id) => upserted(user(id)));
    await sink.apply(batch('user', users));
    await sink.apply(batch('user', [upserted(user('u2'))], { generation: 2 }));
    assert.deepEqual(await sink.measure('one', 'user', 1), { stored: 3, stale: 0 });
    assert.deepEqual(await sink.measure('one', 'user', 2), { stored: 3, stale: 2 });
    await sink.apply(batch('user', [removed('u1')], { generation: 2 }));
    assert.deepEqual(await sink.measure('one', 'user', 2), { stored: 2, stale: 1 });
    await sink.apply(batch('user', [], { generation: 2, sweep: true }));
    assert.deepEqual(await sink.measure('one', 'user', 2), { stored: 1, stale: 0 });
  });

  test('what is counted is of one kind and one connection', async ({ sink }) => {
    await sink.apply(batch('user', [upserted(user('same'))]));
    await sink.apply(batch('contact', [upserted(contact('same')), upserted(contact('c2'))]));
    await sink.apply(batch('group', [upserted(group('same', { added: ['u1', 'u2'] }))]));
    await sink.apply(batch('user', [upserted(user('same'))], { connectionId: 'ONE' }));
    assert.deepEqual(await sink.measure('one', 'user', 2), { stored: 1, stale: 1 });
    assert.deepEqual(await sink.measure('one', 'contact', 2), { stored: 2, stale: 2 });
    assert.deepEqual(await sink.measure('one', 'group', 2), { stored: 1, stale: 1 });
    assert.deepEqual(await sink.measure('one', 'domain', 2), { stored: 0, stale: 0 });
  });

  test('of entries that are to go it can be told which are stored at all, and since which round', async ({
    sink,
  }) => {
    const present = async (asked: readonly string[], generation: number, kind: 'user' | 'contact' = 'user') =>
      [...(await sink.present('one', kind, asked, generation))].sort();
    assert.deepEqual(await present(['u1'], 0), []);
    await sink.apply(batch('user', [upserted(user('u1')), upserted(user('u2')), upserted(user('u3'))]));
    await sink.apply(batch('user', [upserted(user('u2'))], { generation: 2 }));
    await sink.apply(batch('contact', [upserted(contact('c1'))]));
    await sink.apply(batch('user', [upserted(user('u4'))], { connectionId: 'ONE' }));
    assert.deepEqual(await present([], 0), []);
    assert.deepEqual(await present(['never', 'u2', 'u1', 'U3', 'u4', 'c1'], 0), ['u1', 'u2']);
    assert.deepEqual(await present(['u1', 'u2'], 1), ['u1', 'u2']);
    assert.deepEqual(await present(['u1', 'u2'], 2), ['u2']);
    assert.deepEqual(await present(['u1', 'u2'], 3), []);
    assert.deepEqual(await present(['c1', 'u1'], 0, 'contact'), ['c1']);
    await sink.apply(batch('user', [removed('u1')], { generation: 2 }));
    assert.deepEqual(await present(['u1', 'u2', 'u3'], 0), ['u2', 'u3']);
    const many = Array.from({ length: 500 }, (_, index) => `m${index}`);
    await sink.apply(
      batch(
        'user',
        many.map((id) => upserted(user(id))),
      ),
    );
    assert.equal((await present(many, 0)).length, 500);
  });
}
