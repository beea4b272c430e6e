import { join } from 'node:path';
import type {
  DirectoryChange,
  DirectoryDomain,
  DirectoryGroup,
  DirectoryKind,
  DirectoryUser,
  GroupMember,
} from '@mailsphere/core';
import { afterAll, expect, it, onTestFinished, vi } from 'vitest';
import { openSqlite, sqliteDirectory } from '../src/sqlite/index.ts';
import { outputOf } from './node/child.ts';
import { removeTemporaryFolders, temporaryFolder } from './node/temporary-folder.ts';

afterAll(removeTemporaryFolders);

const user = (id: string, more: Partial<DirectoryUser> = {}): DirectoryUser => ({
  kind: 'user',
  id,
  userPrincipalName: `${id}@contoso.example`,
  displayName: id,
  userType: 'member',
  enabled: true,
  addresses: [{ address: `${id}@contoso.example`, primary: true }],
  ...more,
});

const group = (
  id: string,
  added: readonly GroupMember[] = [],
  more: Partial<DirectoryGroup> = {},
): DirectoryGroup => ({
  kind: 'group',
  id,
  displayName: id,
  groupType: 'distribution',
  addresses: [{ address: `${id}@contoso.example`, primary: true }],
  members: { added, removed: [] },
  ...more,
});

const users = (...ids: readonly string[]): readonly GroupMember[] => ids.map((id) => ({ id, type: 'user' }));
const groups = (...ids: readonly string[]): readonly GroupMember[] =>
  ids.map((id) => ({ id, type: 'group' }));

function open() {
  const path = join(temporaryFolder(), 'directory.sqlite');
  const database = openSqlite({ path });
  onTestFinished(() => database.close());
  const directory = sqliteDirectory(database);
  const apply = (kind: DirectoryKind, changes: readonly DirectoryChange[], connectionId = 'one', epoch = 1) =>
    directory.apply({ connectionId, kind, generation: 1, epoch, changes, sweep: false });
  const store = async (
    entries: readonly (DirectoryDomain | DirectoryUser | DirectoryGroup)[],
    connectionId?: string,
  ) => {
    for (const kind of ['domain', 'user', 'group'] as const) {
      const items = entries.filter((entry) => entry.kind === kind);
      await apply(
        kind,
        items.map((item) => ({ type: 'upserted', item })),
        connectionId,
      );
    }
  };
  return { path, database, directory, apply, store };
}

it('keeps every field of domains, users and groups', async () => {
  const { directory, store } = open();
  const domain: DirectoryDomain = {
    kind: 'domain',
    id: 'contoso.example',
    isDefault: true,
    isInitial: false,
    isVerified: true,
    acceptsMail: false,
  };
  const anna = user('u1', {
    displayName: 'Anna \u{1f600}',
    userType: 'guest',
    enabled: false,
    addresses: [
      { address: 'Anna@contoso.example', primary: true },
      { address: 'a.a@contoso.example', primary: false },
    ],
  });
  const nameless = user('u2', { displayName: undefined, addresses: [] });
  const sales = group('g1', [{ id: 'c1', type: 'contact' }], {
    displayName: undefined,
    groupType: 'microsoft_365',
  });
  await store([domain, anna, nameless, sales]);
  expect(await directory.list('one', 'domain')).toEqual([domain]);
  expect(await directory.list('one', 'user')).toEqual([anna, nameless]);
  const { members: _, ...stored } = sales;
  expect(await directory.list('one', 'group')).toEqual([stored]);
  expect(await directory.members('one', 'g1')).toEqual([{ id: 'c1', type: 'contact' }]);
  expect(await directory.counts('one')).toEqual({ domain: 1, user: 2, group: 1, address: 3, member: 1 });
});

it('finds who has an address: in any case, by an alias, of users and groups, of this connection only', async () => {
  const { directory, apply, store } = open();
  const anna = user('u1', {
    addresses: [
      { address: 'Anna.Ångström@contoso.example', primary: true },
      { address: 'Alias@Contoso.example', primary: false },
    ],
  });
  await store([anna, group('sales')]);
  await store(
    [user('stranger', { addresses: [{ address: 'other@contoso.example', primary: true }] })],
    'two',
  );
  expect(await directory.findAddress('one', 'anna.ångström@CONTOSO.example')).toEqual(anna);
  expect(await directory.findAddress('one', 'ALIAS@contoso.example')).toEqual(anna);
  expect(await directory.findAddress('one', 'Sales@contoso.example')).toMatchObject({
    kind: 'group',
    id: 'sales',
  });
  for (const nobody of ['', 'nobody@contoso.example', 'other@contoso.example', '%@contoso.example', 'anna'])
    expect(await directory.findAddress('one', nobody)).toBeUndefined();
  await apply('user', [{ type: 'removed', id: 'u1', reason: 'permanent' }]);
  expect(await directory.findAddress('one', 'alias@contoso.example')).toBeUndefined();
});

it('gives an address that moves to its new owner, although the old one is not read again yet', async () => {
  const { directory, store } = open();
  const moving = { address: 'info@contoso.example', primary: true };
  await store([user('u1', { addresses: [moving] }), user('u2')]);
  await store([user('u2', { addresses: [moving] })]);
  expect(await directory.findAddress('one', 'info@contoso.example')).toMatchObject({ id: 'u2' });
  await store([user('u1')]);
  expect(await directory.findAddress('one', 'info@contoso.example')).toMatchObject({ id: 'u2' });
});

it('expands a group through the groups within it, each user once, also when groups contain each other', async () => {
  const { directory, store } = open();
  await store([
    ...['u1', 'u2', 'u3', 'u4'].map((id) => user(id)),
    group('all', [
      ...users('u1', 'unknown'),
      ...groups('inner', 'missing', 'all'),
      { id: 'u4', type: 'contact' },
    ]),
    group('inner', [...users('u2', 'u1'), ...groups('deepest')]),
    group('deepest', [...users('u3'), ...groups('all', 'inner')]),
    group('empty'),
  ]);
  await store([user('u1'), user('u9'), group('inner', users('u9'))], 'two');
  const ids = async (groupId: string) => (await directory.expandGroup('one', groupId)).map(({ id }) => id);
  expect(await ids('all')).toEqual(['u1', 'u2', 'u3']);
  expect(await ids('deepest')).toEqual(['u1', 'u2', 'u3']);
  expect(await ids('empty')).toEqual([]);
  expect(await ids('nowhere')).toEqual([]);
  expect((await directory.expandGroup('one', 'inner'))[0]).toEqual(user('u1'));
});

it('expands a chain of a thousand groups and a group of 40,000 users', async () => {
  const { directory, store } = open();
  const chain = Array.from({ length: 1000 }, (_, index) => group(`g${index}`, groups(`g${index + 1}`)));
  const many = Array.from({ length: 40_000 }, (_, index) => `u${index}`);
  await store([...many.map((id) => user(id)), ...chain, group('g1000', users(...many))]);
  expect(await directory.expandGroup('one', 'g0')).toHaveLength(40_000);
});

it('lists page by page, in one order', async () => {
  const { directory, store } = open();
  const ids = Array.from({ length: 1005 }, (_, index) => `u${String(index).padStart(4, '0')}`);
  await store(ids.toReversed().map((id) => user(id)));
  const first = await directory.list('one', 'user');
  const second = await directory.list('one', 'user', { after: first.at(-1)?.id });
  expect([...first, ...second].map(({ id }) => id)).toEqual(ids);
  expect(await directory.list('one', 'user', { after: ids[2], limit: 2 })).toEqual([
    user('u0003'),
    user('u0004'),
  ]);
});

it('applies a batch whole or not at all', async () => {
  const { directory, apply, store } = open();
  await store([user('u1')]);
  const unusable = user('u2', { userPrincipalName: null as unknown as string });
  await expect(
    apply('user', [
      { type: 'removed', id: 'u1', reason: 'permanent' },
      { type: 'upserted', item: unusable },
    ]),
  ).rejects.toMatchObject({ code: 'storage_failed' });
  expect(await directory.list('one', 'user')).toEqual([user('u1')]);
});

it('does not lock a connection out by a batch that failed: its epoch is gone with it', async () => {
  const { directory, apply } = open();
  const unusable = user('u1', { userPrincipalName: null as unknown as string });
  await expect(apply('user', [{ type: 'upserted', item: unusable }], 'one', 9)).rejects.toMatchObject({
    code: 'storage_failed',
  });
  await apply('user', [{ type: 'upserted', item: user('u2') }]);
  expect(await directory.list('one', 'user')).toEqual([user('u2')]);
});

it('keeps what the process that took over wrote, and stops the one before while it writes', async () => {
  const { path, directory } = open();
  const before = outputOf('apply-for-ever.ts', [path, '1', '10000']);
  await vi.waitUntil(async () => (await directory.list('one', 'user')).length > 0, { timeout: 10_000 });
  expect(await outputOf('apply-for-ever.ts', [path, '2', '20'])).toBe('done\n');
  expect(await before).toBe('conflict\n');
  expect(await directory.list('one', 'user')).toMatchObject([{ displayName: 'by 2' }]);
});

it('does nothing when the call was aborted before', async () => {
  const { directory } = open();
  const batch = {
    connectionId: 'one',
    kind: 'user',
    generation: 1,
    epoch: 1,
    sweep: false,
    changes: [{ type: 'upserted', item: user('u1') }],
  } as const;
  await expect(directory.apply(batch, { signal: AbortSignal.abort() })).rejects.toThrow();
  expect(await directory.list('one', 'user')).toEqual([]);
});

it('answers queries of the host', async () => {
  const { database, store } = open();
  await store([user('u1'), user('u2', { enabled: false })]);
  const rows = await database.kysely
    .selectFrom('directory_users')
    .select('id')
    .where('enabled', '=', 1)
    .execute();
  expect(rows).toEqual([{ id: 'u1' }]);
});
