import assert from 'node:assert/strict';
import type { DirectorySinkUnderTest } from './directory-under-test.ts';
import { batch, contact, group, removed, upserted, user } from './sample-directory.ts';

type Test = (name: string, body: (underTest: DirectorySinkUnderTest) => Promise<void>) => void;

/** The part of the directory suite that is about `measure`. */
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
}
