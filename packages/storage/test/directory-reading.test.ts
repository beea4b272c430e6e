import { describe, expect, it } from 'vitest';
import { address, contact, group, user, users } from './sample-entries.ts';
import { batch, removed, sqlDirectories, upserted } from './sql-directories.ts';

describe.each(sqlDirectories())('reading the directory in $name', ({ open }) => {
  const victim = user('victim', { addresses: [address('v@a.example')] });
  const stranger = user('stranger', { addresses: [address('s@b.example')] });
  const team = group('team', users('victim'));

  const reads = ['findAddress', 'list', 'expandGroup', 'groupAddresses', 'counts'] as const;
  it.each(reads)(
    'never gives a tenant what belongs to another one, while entries come and go: %s',
    async (name) => {
      const { directory, store } = await open();
      const ask = {
        findAddress: async () => (await directory.findAddress('A', 'v@a.example'))?.entry ?? null,
        list: () => directory.list('A', 'user'),
        expandGroup: () => directory.expandGroup('A', 'team'),
        groupAddresses: () => directory.groupAddresses('A', 'team'),
        counts: async () => {
          const { user: people, address: addresses } = await directory.counts('A');
          return { people, addresses };
        },
      };
      const before = {
        findAddress: victim,
        list: [victim],
        expandGroup: [victim],
        groupAddresses: ['v@a.example'],
        counts: { people: 1, addresses: 2 },
      };
      const after = {
        findAddress: null,
        list: [],
        expandGroup: [],
        groupAddresses: [],
        counts: { people: 0, addresses: 1 },
      };
      for (let time = 0; time < 10; time++) {
        await directory.apply(batch('user', [removed('stranger')], { connectionId: 'B' }));
        await store([victim, team], { connectionId: 'A' });
        const [first, , , second] = await Promise.all([
          ask[name](),
          directory.apply(batch('user', [removed('victim')], { connectionId: 'A' })),
          directory.apply(batch('user', [upserted(stranger)], { connectionId: 'B' })),
          ask[name](),
        ]);
        for (const answer of [first, second]) expect([before[name], after[name]]).toContainEqual(answer);
      }
    },
  );

  it('forgets no change when it is not told up to which one', async () => {
    const { directory, store } = await open({ changes: true });
    await store([user('u1'), user('u2')]);
    for (const upTo of [
      'x',
      '',
      '9',
      undefined,
      null,
      -1,
      0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 60,
    ])
      await expect(directory.prune('one', upTo as never)).rejects.toMatchObject({
        code: 'invalid_request',
        field: 'upTo',
      });
    await directory.prune('one', 0);
    expect(await directory.changes('one')).toHaveLength(2);
  });

  it.each([
    [{ after: '' }, 'after'],
    [{ after: 'x' }, 'after'],
    [{ after: -1 }, 'after'],
    [{ after: 0.5 }, 'after'],
    [{ after: null }, 'after'],
    [{ limit: '5' }, 'limit'],
    [{ limit: 0 }, 'limit'],
    [{ limit: 10_001 }, 'limit'],
    [{ from: 1 }, 'from'],
    [null, 'options'],
    [5, 'options'],
  ])('says which option is wrong instead of leaving out changes: %j', async (options, field) => {
    const { directory } = await open({ changes: true });
    const asked = directory.changes('one', options as never);
    await expect(asked).rejects.toMatchObject({ code: 'invalid_request', field });
  });

  it.each([
    [{ after: 5 }, 'after'],
    [{ after: null }, 'after'],
    [{ limit: 0 }, 'limit'],
    [{ limit: -1 }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ limit: Number.NaN }, 'limit'],
    [{ limit: 10_001 }, 'limit'],
    [{ Limit: 5 }, 'Limit'],
    [null, 'options'],
  ])('says which option is wrong instead of giving another page: %j', async (options, field) => {
    const { directory } = await open();
    const asked = directory.list('one', 'user', options as never);
    await expect(asked).rejects.toMatchObject({ code: 'invalid_request', field });
  });

  it('says which argument is wrong instead of failing somewhere within', async () => {
    const { directory } = await open({ changes: true });
    for (const wrong of [undefined, null, 5, {}, ['one']] as never[])
      for (const [field, asked] of [
        ['connectionId', () => directory.findAddress(wrong, 'v@a.example')],
        ['address', () => directory.findAddress('one', wrong)],
        ['connectionId', () => directory.members(wrong, 'g1')],
        ['groupId', () => directory.members('one', wrong)],
        ['groupId', () => directory.expandGroup('one', wrong)],
        ['groupId', () => directory.groupAddresses('one', wrong)],
        ['connectionId', () => directory.list(wrong, 'user')],
        ['connectionId', () => directory.counts(wrong)],
        ['connectionId', () => directory.changes(wrong)],
        ['connectionId', () => directory.prune(wrong, 1)],
      ] as const)
        await expect(asked()).rejects.toMatchObject({ code: 'invalid_request', field });
    for (const kind of ['users', 'constructor', '__proto__', 'toString', undefined, 5] as never[])
      await expect(directory.list('one', kind)).rejects.toMatchObject({
        code: 'invalid_request',
        field: 'kind',
      });
  });

  it('takes options that are there and undefined, and the widest page', async () => {
    const { directory, store } = await open({ changes: true });
    await store([contact('c1')]);
    const none = { after: undefined, limit: undefined };
    expect(await directory.list('one', 'contact', none)).toEqual([contact('c1')]);
    expect(await directory.list('one', 'contact', { limit: 10_000 })).toEqual([contact('c1')]);
    expect(await directory.changes('one', none)).toHaveLength(1);
  });
});
