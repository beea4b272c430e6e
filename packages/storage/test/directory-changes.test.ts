import { describe, expect, it } from 'vitest';
import { group, user, users } from './sample-entries.ts';
import { removed, sqlDirectories, upserted } from './sql-directories.ts';

describe.each(sqlDirectories())('the changes of the directory in $name', ({ open }) => {
  it('tell what was created, updated and removed, in order, from a position on, until they are pruned', async () => {
    const { directory, apply, store } = await open({ changes: true });
    await store([user('u1'), user('u2'), group('g1', users('u1', 'u2'))]);
    await store([user('u1'), user('u2', { displayName: 'renamed' })]);
    await store([user('u1')], { connectionId: 'two' });
    const left = group('g1', users('u2', 'u3'), {
      members: { added: users('u2', 'u3'), removed: ['u1', 'u9'] },
    });
    await apply('group', [upserted(left)]);
    await apply('group', [upserted(left)]);
    await apply('user', [removed('u1'), removed('never')]);
    await apply('user', [], { generation: 2, sweep: true });
    await apply('group', [upserted(group('g1', users('u2')))], { generation: 2, sweep: true });
    const changes = await directory.changes('one');
    expect(changes.map(({ verb, id, members }) => [verb, id, members])).toEqual([
      ['created', 'u1', undefined],
      ['created', 'u2', undefined],
      ['created', 'g1', { added: ['u1', 'u2'], removed: [] }],
      ['updated', 'u2', undefined],
      ['updated', 'g1', { added: ['u3'], removed: ['u1'] }],
      ['removed', 'u1', undefined],
      ['removed', 'u2', undefined],
      ['updated', 'g1', { added: [], removed: ['u3'] }],
    ]);
    expect(changes[3]).toMatchObject({ before: user('u2'), after: { displayName: 'renamed' } });
    const after = changes[2]?.position ?? 0;
    expect(await directory.changes('one', { after, limit: 2 })).toEqual(changes.slice(3, 5));
    await directory.prune('one', after);
    expect(await directory.changes('one')).toEqual(changes.slice(3));
    expect(await directory.changes('two')).toHaveLength(1);
  });

  it('says so when they are asked for and were not recorded', async () => {
    const { directory } = await open();
    for (const work of [() => directory.changes('one'), () => directory.prune('one', 1)])
      await expect(work()).rejects.toMatchObject({ code: 'invalid_options', field: 'changes' });
  });
});
