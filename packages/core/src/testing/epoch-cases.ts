import assert from 'node:assert/strict';
import { ConnectorError } from '../connector-error.ts';
import type { DirectoryBatch, DirectorySink } from '../directory.ts';
import { type DirectorySinkUnderTest, sorted } from './directory-under-test.ts';
import { batch, domain, group, removed, upserted, user } from './sample-directory.ts';

type Test = (name: string, body: (underTest: DirectorySinkUnderTest) => Promise<void>) => void;

/** The part of the directory suite that is about `epoch`. */
export function epochCases(test: Test): void {
  test('a process that lost its place to another one changes nothing any more', async ({ sink, read }) => {
    await sink.apply(batch('user', [upserted(user('u1')), upserted(user('u2'))], { epoch: 2 }));
    await sink.apply(batch('group', [upserted(group('g1', { added: ['u1'] }))], { epoch: 2 }));
    const stored = sorted(await read('one'));
    const late: readonly DirectoryBatch[] = [
      batch('user', [upserted(user('u1', 'as it was'))]),
      batch('user', [removed('u1'), upserted(user('u3'))]),
      batch('user', [upserted(user('u2'))], { generation: 2, sweep: true }),
      batch('group', [upserted(group('g1', { removed: ['u1'] }))], { generation: 9 }),
      batch('group', [], { generation: 9, sweep: true }),
      batch('domain', [upserted(domain('contoso.example'))]),
      batch('domain', []),
    ];
    for (const one of late) {
      await refused(sink, one);
      assert.deepEqual(sorted(await read('one')), stored);
    }
  });

  test('the process that took over goes on, batch after batch, whatever was refused meanwhile', async ({
    sink,
    read,
  }) => {
    await sink.apply(batch('user', [upserted(user('u1'))], { epoch: 2 }));
    await refused(sink, batch('user', [removed('u1')]));
    await sink.apply(batch('user', [upserted(user('u1', 'same epoch'))], { epoch: 2 }));
    await sink.apply(batch('group', [upserted(group('g1'))], { epoch: 7 }));
    await refused(sink, batch('user', [removed('u1')], { epoch: 6 }));
    await sink.apply(batch('user', [upserted(user('u2'))], { epoch: 7 }));
    assert.deepEqual(
      sorted(await read('one')).map(({ displayName }) => displayName),
      ['g1', 'same epoch', 'u2'],
    );
  });

  test('a batch without changes takes over as well', async ({ sink, read }) => {
    await sink.apply(batch('user', [upserted(user('u1'))]));
    await sink.apply(batch('domain', [], { epoch: 2, sweep: true }));
    await refused(sink, batch('user', [removed('u1')]));
    assert.equal((await read('one')).length, 1);
  });

  test('one connection that is synced often does not keep another one from being synced', async ({
    sink,
    read,
  }) => {
    await sink.apply(batch('user', [upserted(user('u1'))], { epoch: 1000 }));
    for (const connectionId of ['two', 'ONE']) {
      await sink.apply(batch('user', [upserted(user('u1'))], { connectionId, epoch: 3 }));
      assert.equal((await read(connectionId)).length, 1);
      await refused(sink, batch('user', [removed('u1')], { connectionId, epoch: 2 }));
    }
  });
}

/** Checks that the sink refuses a batch, in the way that tells its caller to give up its place. */
export const refused = (sink: DirectorySink, late: DirectoryBatch): Promise<void> =>
  assert.rejects(
    async () => sink.apply(late),
    (error) => ConnectorError.is(error, 'conflict'),
    'a batch of a lower epoch must be refused with `conflict`',
  );
