import { type DirectoryKind, directoryKinds, type Usage } from '@mailsphere/core';
import type { SimulatorOptions } from '@mailsphere/simulator';
import { describe, expect, it } from 'vitest';
import { fetchTransport, type TransportRequest } from '../src/index.ts';
import { house } from './house.ts';
import { collect, failure } from './wire.ts';

/** A provider over a simulator, what it asked Graph for, and what it was told of the cost. */
function watched(options: SimulatorOptions = {}) {
  const requests: TransportRequest[] = [];
  const usages: Usage[] = [];
  const inner = fetchTransport((request) => built.simulator.fetch(request));
  const built = house(
    { tenants: [{ name: 'contoso', users: 60, consented: true }], ...options },
    {
      transport(request) {
        if (request.method === 'GET') requests.push(request);
        return inner(request);
      },
    },
  );
  const read = async (kind: DirectoryKind, cursor?: string) => {
    const onAnswer = (usage: Usage) => usages.push(usage);
    const pages = await collect(built.provider.directory.changes(built.ref, kind, { cursor, onAnswer }));
    const last = pages.at(-1);
    return {
      changes: pages.flatMap(({ changes }) => changes),
      cursor: last?.cursor,
      caughtUp: last?.caughtUp,
    };
  };
  /** Reads everything, or what changed since. */
  const sync = async (cursors: Partial<Record<DirectoryKind, string>> = {}) => {
    const next: Partial<Record<DirectoryKind, string>> = {};
    for (const kind of directoryKinds) {
      const { cursor } = await read(kind, cursors[kind]);
      if (cursor !== undefined) next[kind] = cursor;
    }
    return next;
  };
  return { ...built, requests, usages, read, sync };
}

it('every request has an id of its own, and the first of each kind says what it wants', async () => {
  const { requests, sync } = watched({ quirks: { directoryPage: 10 } });
  const cursors = await sync();
  const full = requests.length;
  await sync(cursors);
  const ids = requests.map(({ headers }) => headers['client-request-id']);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { headers } of requests) {
    expect(headers.authorization).toMatch(/^Bearer ./);
    expect(headers.prefer).toBeUndefined();
  }
  const select = (part: readonly TransportRequest[]) =>
    part.flatMap(({ url }) => {
      const names = url.searchParams.get('$select');
      return names === null ? [] : [`${url.pathname.split('/')[2]}: ${names}`];
    });
  expect(select(requests.slice(0, full))).toEqual([
    'domains: id,isDefault,isInitial,isVerified,supportedServices',
    'users: id,userPrincipalName,displayName,mail,proxyAddresses,userType,accountEnabled,assignedPlans',
    'contacts: id,displayName,companyName,mail,proxyAddresses',
    'groups: id,displayName,mail,mailEnabled,securityEnabled,groupTypes,visibility,proxyAddresses,members',
  ]);
  expect(full).toBeGreaterThan(8);
  // A later round goes on from the tokens, which hold the selection; only domains are listed anew.
  expect(select(requests.slice(full))).toEqual([
    'domains: id,isDefault,isInitial,isVerified,supportedServices',
  ]);
  expect(requests.length - full).toBe(4);
});

it('contacts come whole, then what changed of them, and they are members of groups', async () => {
  const { simulator, tenant, read } = watched();
  const first = await read('contact');
  expect(first.changes).toHaveLength(tenant.contacts.length);
  const [changed, gone] = tenant.contacts;
  if (!changed || !gone) throw new Error('There are contacts.');
  const groups = await read('group');
  const isMember = groups.changes.some(
    (change) =>
      change.type === 'upserted' &&
      change.item.kind === 'group' &&
      change.item.members.added.some(({ id, type }) => id === gone.id && type === 'contact'),
  );
  expect(isMember).toBe(true);
  const added = simulator.addContact(tenant.id, { mail: 'Kim@Fabrikam.com' });
  simulator.updateContact(tenant.id, changed.id, { companyName: null });
  simulator.removeContact(tenant.id, gone.id);
  expect((await read('contact', first.cursor)).changes).toMatchObject([
    {
      item: {
        id: added.id,
        companyName: undefined,
        addresses: [{ address: 'Kim@Fabrikam.com', domain: 'fabrikam.com', primary: true }],
      },
    },
    { item: { id: changed.id, displayName: changed.displayName, companyName: undefined } },
    { type: 'removed', id: gone.id, reason: 'permanent' },
  ]);
  expect((await read('group', groups.cursor)).changes).toMatchObject([
    { item: { members: { added: [], removed: [gone.id] } } },
  ]);
});

it('a change of one property leaves the others as they are, and what was cleared is gone', async () => {
  const { simulator, tenant, read } = watched();
  const { accounts } = tenant;
  const user = tenant.users.find(({ id }) => id === accounts.member?.id);
  if (!user) throw new Error('There is a member.');
  const { proxyAddresses } = user;
  const first = await read('user');
  simulator.updateUser(tenant.id, user.id, { displayName: null });
  const renamed = await read('user', first.cursor);
  expect(renamed.changes).toMatchObject([
    { item: { id: user.id, displayName: undefined, licensed: true, enabled: user.accountEnabled } },
  ]);
  const [change] = renamed.changes;
  const item = change?.type === 'upserted' && change.item.kind === 'user' ? change.item : undefined;
  const smtp = proxyAddresses.filter((typed) => /^smtp:/i.test(typed));
  expect(item?.addresses).toHaveLength(smtp.length);
  expect(item?.otherAddresses).toEqual(proxyAddresses.filter((typed) => !smtp.includes(typed)));
  simulator.updateUser(tenant.id, user.id, { mail: null, proxyAddresses: [], assignedPlans: [] });
  expect((await read('user', renamed.cursor)).changes).toMatchObject([
    { item: { id: user.id, licensed: false, addresses: [], otherAddresses: [] } },
  ]);
});

it('people with a licence are told apart from rooms, shared mailboxes and guests', async () => {
  const { tenant, read } = watched();
  const { changes } = await read('user');
  const licensed = changes.flatMap((change) =>
    change.type === 'upserted' && change.item.kind === 'user' && change.item.licensed ? [change.item.id] : [],
  );
  expect(licensed).toEqual(tenant.users.filter(({ mailbox }) => mailbox === 'user').map(({ id }) => id));
});

it('groups are whole in spite of empty pages, and over as many pages as their members need', async () => {
  const { simulator, tenant, read } = watched({
    tenants: [{ name: 'contoso', users: 1_300, consented: true }],
    quirks: { directoryPage: 3, emptyPages: 0.5 },
  });
  simulator.addGroup(tenant.id, {
    nickname: 'rule',
    traits: { groupTypes: ['Unified', 'DynamicMembership'] },
  });
  const { changes } = await read('group');
  const members = new Map<string, Set<string>>();
  const traits = new Map<string, unknown>();
  let rows = 0;
  for (const change of changes) {
    if (change.type !== 'upserted' || change.item.kind !== 'group') continue;
    const { id, dynamicMembership, hiddenMembership } = change.item;
    rows++;
    const known = members.get(id) ?? new Set();
    for (const member of change.item.members.added) known.add(member.id);
    members.set(id, known);
    traits.set(id, [dynamicMembership, hiddenMembership]);
  }
  expect(rows).toBeGreaterThan(tenant.groups.length);
  for (const group of tenant.groups) {
    expect(members.get(group.id)).toEqual(new Set(group.members));
    expect(traits.get(group.id)).toEqual([
      group.groupTypes.includes('DynamicMembership'),
      group.visibility === 'HiddenMembership',
    ]);
  }
});

it('who is in a group that hides it is not known without the permission for that', async () => {
  const { simulator, tenant, read } = watched();
  simulator.revokeGrant(tenant.id, 'Member.Read.Hidden');
  const { changes } = await read('group');
  expect(changes).toContainEqual(
    expect.objectContaining({
      item: expect.objectContaining({ hiddenMembership: true, members: { added: [], removed: [] } }),
    }),
  );
});

it('a directory that was moved is read again, from the end of a round and from the middle of one', async () => {
  const { simulator, tenant, ref, provider, read } = watched({ quirks: { directoryPage: 2 } });
  for (const kind of ['user', 'contact', 'group'] as const) {
    const pages = await collect(provider.directory.changes(ref, kind));
    simulator.expireTokens(tenant.id, 'directory');
    for (const page of [pages[0], pages.at(-1)])
      expect(await failure(read(kind, page?.cursor))).toMatchObject({ code: 'cursor_expired' });
    expect((await read(kind)).caughtUp).toBe(true);
  }
});

describe('the quota of the directory', () => {
  it.each([
    ['small', 49, 3_600],
    ['medium', 120, 5_100],
    ['large', 4_200, 8_100],
  ])(
    'is kept in a %s tenant, however many requests a sync takes, and what was used is known',
    async (_size, users, units) => {
      const { simulator, clock, sync, usages, requests } = watched({
        tenants: [{ name: 'contoso', users, groups: 20, consented: true }],
        quirks: { directoryPage: 1 },
        limits: { retryAfter: 'honest' },
      });
      // At least as many as its whole quota, which a client that never waits would use up at once.
      while (requests.length < units) await clock.run(sync());
      expect(simulator.counts.throttled).toBe(0);
      expect(usages).toHaveLength(requests.length);
      const used = usages.reduce((sum, { resourceUnits = 0 }) => sum + resourceUnits, 0);
      expect(used).toBe(requests.length);
    },
    60_000,
  );

  it('that is less than documented is waited out, and each refusal is known', async () => {
    const { simulator, clock, sync, usages, requests } = watched({
      quirks: { directoryPage: 1 },
      limits: { directoryUnits: 30 },
    });
    await clock.run(sync());
    const { throttled } = simulator.counts;
    expect(throttled).toBeGreaterThan(0);
    // Never two in a row: each wait is as long as it takes.
    expect(throttled).toBeLessThan(requests.length / 5);
    expect(usages.filter(({ resourceUnits }) => resourceUnits === undefined)).toHaveLength(throttled);
    expect(usages).toHaveLength(requests.length);
  });
});
