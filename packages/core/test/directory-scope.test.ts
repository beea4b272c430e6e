import { beforeEach, describe, expect, it } from 'vitest';
import {
  ConnectorError,
  type ConnectorOptions,
  type DirectoryGroup,
  type DirectoryScope,
  type DirectoryUser,
} from '../src/index.ts';
import { contact, group, removed, upserted, user } from '../src/testing/sample-directory.ts';
import { connect, createHost } from './host.ts';

const guest = (id: string): DirectoryUser => ({ ...user(id), userType: 'guest' });
const security = (id: string, members: Parameters<typeof group>[1] = {}): DirectoryGroup => ({
  ...group(id, members),
  groupType: 'security',
});
const names = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

type DirectorySync = NonNullable<ConnectorOptions['directorySync']>;

/** A host that wants a part of the directory, and may change its mind. */
async function createScoped(directorySync: DirectorySync = {}) {
  const host = createHost();
  const id = await connect(host.connector);
  let connector = host.create(host.clock, { directorySync });
  const { user: users, contact: contacts, group: groups } = host.service.directory;
  return {
    ...host,
    id,
    users,
    contacts,
    groups,
    stored: () =>
      host.directory
        .entries(id)
        .map((entry) => `${entry.kind}/${entry.id}`)
        .sort(),
    members: (groupId: string) =>
      host.directory
        .members(id, groupId)
        .map((member) => member.id)
        .sort(),
    want(next: DirectorySync) {
      connector = host.create(host.clock, { directorySync: next });
    },
    async sync(options?: { readonly allowRemovals?: boolean; readonly full?: boolean }) {
      await host.clock.advance(1000);
      return connector.directory.sync(id, options);
    },
    preview: () => connector.directory.preview(id),
    runs: () => connector.directory.runs(id),
  };
}

describe('a scope', () => {
  it('keeps what is not wanted out of the sink', async () => {
    const scope: DirectoryScope = {
      users: { userTypes: ['member'], enabled: true, licensed: true, domains: ['Contoso.example'] },
      contacts: { domains: ['partner.example'] },
      groups: { groupTypes: ['distribution', 'mail_enabled_security'] },
    };
    const { users, contacts, groups, sync, stored } = await createScoped({ scope });
    users.add(
      upserted(user('wanted')),
      upserted(user('alias', 'alias', ['a@fabrikam.example', 'b@contoso.example'])),
      upserted(guest('guest')),
      upserted({ ...user('disabled'), enabled: false }),
      upserted({ ...user('unlicensed'), licensed: false }),
      upserted(user('elsewhere', 'elsewhere', ['e@sub.contoso.example'])),
      upserted(user('without mail', 'without mail', [])),
    );
    contacts.add(upserted(contact('c')));
    groups.add(upserted(group('list')), upserted(security('security')));
    const run = await sync();
    expect(stored()).toEqual(['group/list', 'user/alias', 'user/wanted']);
    expect(run.counts).toMatchObject({ user: { upserted: 2, removed: 0 }, group: { upserted: 1 } });
  });

  it('by the kind of mailbox lets through who is not known only where that is asked for', async () => {
    const { users, sync, stored, want, runs } = await createScoped({
      scope: { users: { mailboxKinds: ['shared', 'room'] } },
    });
    const kinds = ['user', 'linked', 'shared', 'room', 'equipment', 'other'] as const;
    users.add(...kinds.map((mailboxKind) => upserted({ ...user(mailboxKind), mailboxKind })));
    users.add(upserted({ ...user('unknown'), mailboxKind: undefined }));
    await sync();
    expect(stored()).toEqual(['user/room', 'user/shared']);
    want({ scope: { users: { mailboxKinds: ['unknown', 'shared', 'room'] } } });
    await sync();
    expect(stored()).toEqual(['user/room', 'user/shared', 'user/unknown']);
    // Another order is no other scope.
    want({ scope: { users: { mailboxKinds: ['room', 'unknown', 'shared', 'room'] } } });
    await sync();
    expect((await runs()).map(({ full }) => full.includes('user'))).toEqual([false, true, true]);
    users.add(upserted({ ...user('room'), mailboxKind: 'user' }));
    await sync();
    expect(stored()).toEqual(['user/shared', 'user/unknown']);
  });

  it('takes away what falls out of it, and brings back what enters it again', async () => {
    const { users, sync, stored } = await createScoped({ scope: { users: { userTypes: ['member'] } } });
    users.add(upserted(user('a')), upserted(user('b')));
    await sync();
    users.add(upserted(guest('a')), upserted(guest('new guest')));
    const run = await sync();
    expect(stored()).toEqual(['user/b']);
    expect(run.counts.user).toEqual({ upserted: 0, removed: 1 });
    users.add(upserted(user('a')));
    await sync();
    expect(stored()).toEqual(['user/a', 'user/b']);
  });

  it('lets nothing stay of an entry that came and fell out of it within one page', async () => {
    const { users, sync, stored } = await createScoped({ scope: { users: { userTypes: ['member'] } } });
    users.add(upserted(user('kept')));
    await sync();
    users.add(upserted(user('a')), upserted(guest('a')), upserted(guest('b')));
    await sync();
    expect(stored()).toEqual(['user/kept']);
  });

  it('counts against the threshold what it takes away, and nothing that was never stored', async () => {
    const directorySync = {
      scope: { users: { userTypes: ['member'] } },
      threshold: { share: 0, count: 5 },
    } satisfies DirectorySync;
    const { users, sync, stored, storage } = await createScoped(directorySync);
    users.add(...names(10, 'm').map((id) => upserted(user(id))));
    users.add(...names(50, 'g').map((id) => upserted(guest(id))));
    await sync();
    users.add(...names(50, 'g').map((id) => upserted(guest(id))));
    users.add(...names(50, 'g').map(removed));
    expect((await sync()).outcome).toBe('completed');
    expect((await sync({ full: true })).outcome).toBe('completed');
    expect(await storage.list('removal-chunks')).toEqual([]);
    users.add(...names(6, 'm').map((id) => upserted(guest(id))));
    expect(await sync()).toMatchObject({ outcome: 'held', held: { user: { removals: 6, stored: 10 } } });
    expect(stored()).toHaveLength(10);
    await sync({ allowRemovals: true });
    expect(stored()).toHaveLength(4);
  });

  it('is the host’s to change: the next run reads everything anew, and a mass removal is held', async () => {
    const { users, groups, sync, stored, want, id } = await createScoped();
    users.add(...names(30, 'm').map((name) => upserted(user(name))));
    users.add(...names(30, 'g').map((name) => upserted(guest(name))));
    groups.add(upserted(group('g')));
    await sync();
    want({ scope: ({ id: of }) => (of === id ? { users: { userTypes: ['member'] } } : undefined) });
    const run = await sync();
    expect(run).toMatchObject({ outcome: 'held', held: { user: { removals: 30, stored: 60 } } });
    expect(run.full).toEqual(['user']);
    expect((await sync({ allowRemovals: true })).counts.user.removed).toBe(30);
    expect(stored()).toHaveLength(31);
    want({});
    expect((await sync()).full).toEqual(['user']);
    expect(stored()).toHaveLength(61);
    expect((await sync()).full).toEqual([]);
  });

  it('that changes in the middle of a round gives that round up', async () => {
    const { users, sync, stored, want, service } = await createScoped();
    users.add(...names(12, 'm').map((name) => upserted(user(name))));
    let pages = 0;
    service.onDirectory = (kind) => {
      if (kind === 'user' && ++pages === 3) throw new ConnectorError('unavailable', 'down');
    };
    await expect(sync()).rejects.toThrow();
    want({ scope: { users: { domains: ['fabrikam.example'] } } });
    users.add(upserted(user('f', 'f', ['f@fabrikam.example'])));
    await sync({ allowRemovals: true });
    expect(stored()).toEqual(['user/f']);
  });

  it('without a kind does not read it, and takes away what was stored of it', async () => {
    const { contacts, users, groups, sync, stored, want } = await createScoped();
    contacts.add(upserted(contact('c')));
    users.add(upserted(user('u')));
    groups.add(upserted(group('g')));
    await sync();
    const before = [contacts.reads, groups.reads];
    want({ scope: { contacts: false, groups: false } });
    const run = await sync();
    expect(stored()).toEqual(['user/u']);
    expect([contacts.reads, groups.reads]).toEqual(before);
    expect(run.full).toEqual([]);
    await sync();
    expect(stored()).toEqual(['user/u']);
  });
});

describe('a group that enters the scope', () => {
  it('comes with all its members, not only those who joined since', async () => {
    const scope: DirectoryScope = { groups: { groupTypes: ['distribution'] } };
    const { groups, sync, members, stored } = await createScoped({ scope });
    groups.add(upserted(group('other')), upserted(security('g', { added: ['early', 'left'] })));
    await sync();
    groups.add(upserted(security('g', { added: ['middle'], removed: ['left'] })));
    await sync();
    expect(stored()).toEqual(['group/other']);
    groups.add(upserted(group('g', { added: ['late'] })));
    await sync();
    expect(members('g')).toEqual(['early', 'late', 'middle']);
  });

  it('while its removal is held has the members that it has then', async () => {
    const directorySync = {
      scope: { groups: { groupTypes: ['distribution'] } },
      threshold: { share: 0, count: 0 },
    } satisfies DirectorySync;
    const { groups, sync, members } = await createScoped(directorySync);
    groups.add(upserted(group('g', { added: ['stays', 'leaves'] })));
    await sync();
    groups.add(upserted(security('g', {})));
    expect((await sync()).outcome).toBe('held');
    groups.add(upserted(security('g', { removed: ['leaves'] })));
    await sync();
    expect(members('g')).toEqual(['leaves', 'stays']);
    groups.add(upserted(group('g', { added: ['late'] })));
    expect((await sync()).outcome).toBe('completed');
    expect(members('g')).toEqual(['late', 'stays']);
  });

  it('in the middle of a full read comes with all its members too, also when that read breaks off', async () => {
    for (const cut of [0, 1, 2, 3]) {
      const scope: DirectoryScope = { groups: { groupTypes: ['distribution'] } };
      const { groups, sync, members, service, clock } = await createScoped({ scope });
      // Three in a page: the first part of the group's members comes while it is none that is wanted.
      const fill = names(2, 'x').map((name) => upserted(group(name)));
      groups.add(upserted(security('g', { added: ['early'] })), ...fill);
      groups.add(...names(3, 'y').map((name) => upserted(group(name))));
      groups.add(upserted(group('g', { added: ['late'] })), upserted(group('last')));
      let pages = 0;
      service.onDirectory = (kind) => {
        if (kind === 'group' && ++pages === cut) throw new ConnectorError('unavailable', 'down');
      };
      await sync().catch(() => undefined);
      await clock.advance(60_000);
      await sync();
      expect(members('g'), `cut ${cut}`).toEqual(['early', 'late']);
    }
  });

  it('does so after a crash at any step as well', async () => {
    const scope: DirectoryScope = { groups: { groupTypes: ['distribution'] } };
    for (let step = 1; step <= 12; step++) {
      const { groups, sync, members, storage, directory, clock, want } = await createScoped({ scope });
      groups.add(upserted(security('g', { added: ['early'] })), upserted(group('other')));
      await sync();
      groups.add(upserted(group('g', { added: ['late'] })), upserted(security('other')));
      let calls = 0;
      const { put, delete: remove } = storage;
      const { apply } = directory;
      const counted =
        <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
        async (...args: Args) => {
          if (++calls === step) throw new Error('killed');
          return call(...args);
        };
      Object.assign(storage, { put: counted(put), delete: counted(remove) });
      directory.apply = counted(apply);
      await sync().catch(() => undefined);
      Object.assign(storage, { put, delete: remove });
      directory.apply = apply;
      await clock.advance(60_000);
      want({ scope });
      await sync();
      expect(members('g'), `step ${step}`).toEqual(['early', 'late']);
      expect(directory.entries((await storage.list('connections'))[0]?.id ?? '').map(({ id }) => id)).toEqual(
        ['g'],
      );
    }
  });
});

describe('a scope by membership', () => {
  it('follows who joins and who leaves the groups', async () => {
    const scope: DirectoryScope = { users: { memberOf: ['g1', 'g2'], userTypes: ['member'] } };
    const { users, sync, stored, service } = await createScoped({ scope });
    users.add(...['a', 'b', 'c'].map((id) => upserted(user(id))), upserted(guest('d')));
    service.memberships.set('g1', ['a', 'd']);
    service.memberships.set('g2', ['a', 'b']);
    await sync();
    expect(stored()).toEqual(['user/a', 'user/b']);
    service.memberships.set('g2', ['c']);
    expect((await sync()).counts.user).toMatchObject({ removed: 1 });
    expect(stored()).toEqual(['user/a', 'user/c']);
  });

  it('holds it when a group is suddenly empty', async () => {
    const scope: DirectoryScope = { users: { memberOf: ['g1'] } };
    const { users, sync, stored, service } = await createScoped({ scope });
    const all = names(30, 'm');
    users.add(...all.map((id) => upserted(user(id))));
    service.memberships.set('g1', all);
    await sync();
    service.memberships.set('g1', []);
    expect((await sync()).outcome).toBe('held');
    expect(stored()).toHaveLength(30);
    service.memberships.set('g1', all);
    expect((await sync()).outcome).toBe('completed');
    expect(stored()).toHaveLength(30);
  });
});

describe('a transform', () => {
  it('changes and drops entries, and cannot change members', async () => {
    const { users, groups, sync, stored, members, directory, id } = await createScoped({
      async transform(entry, { connection }) {
        if (entry.kind === 'group') return { ...entry, members: { added: [], removed: [] } };
        if (entry.kind !== 'user') return entry;
        return entry.displayName === 'secret'
          ? undefined
          : { ...entry, displayName: `${connection.organizationId}: ${entry.displayName}` };
      },
    });
    users.add(upserted(user('a', 'Anna')), upserted(user('b', 'secret')));
    groups.add(upserted(group('g', { added: ['a'] })));
    await sync();
    expect(stored()).toEqual(['group/g', 'user/a']);
    expect(directory.entries(id)).toContainEqual(expect.objectContaining({ displayName: 'org-1: Anna' }));
    expect(members('g')).toEqual(['a']);
    users.add(upserted(user('a', 'secret')));
    await sync();
    expect(stored()).toEqual(['group/g']);
  });

  it.each<[string, DirectorySync['transform']]>([
    ['throws', () => Promise.reject(new Error('broken'))],
    ['gives back another entry', (entry) => ({ ...entry, id: 'another' })],
    ['gives back another kind', () => user('u') as never],
    ['gives back what is no entry', () => null as never],
  ])('that %s ends the run as failed, and removes nothing', async (_, transform) => {
    const { contacts, sync, stored, want, runs } = await createScoped();
    contacts.add(upserted(contact('u')));
    await sync();
    contacts.add(upserted(contact('u', 'changed')));
    want({ transform });
    await expect(sync()).rejects.toMatchObject({ code: 'refused' });
    expect((await runs())[0]).toMatchObject({ outcome: 'failed', error: { code: 'refused' } });
    expect(stored()).toEqual(['contact/u']);
  });
});

describe('a full read on demand', () => {
  it('finds at once what changes alone did not tell', async () => {
    const { users, sync, stored } = await createScoped();
    users.add(upserted(user('a')), upserted(user('lost')));
    await sync();
    users.lose('lost');
    await sync();
    expect(stored()).toEqual(['user/a', 'user/lost']);
    const run = await sync({ full: true });
    expect(run.full).toEqual(['domain', 'user', 'contact', 'group']);
    expect(stored()).toEqual(['user/a']);
    expect((await sync()).full).toEqual([]);
  });

  it('goes on after a wait, and does not begin again', async () => {
    const { users, sync, service, clock } = await createScoped();
    users.add(...names(12, 'm').map((name) => upserted(user(name))));
    await sync();
    const before = users.reads;
    let refused = 0;
    service.onDirectory = (kind) => {
      if (kind === 'user' && users.reads === before + 3 && refused++ === 0)
        throw new ConnectorError('throttled', 'wait', { retryAt: 0 });
    };
    const run = sync({ full: true });
    await clock.advance(60_000);
    await run;
    expect(refused).toBe(1);
    // Four pages, and the one that was refused.
    expect(users.reads - before).toBeLessThan(7);
  });
});

describe('what cannot be a scope', () => {
  let scoped: Awaited<ReturnType<typeof createScoped>>;
  beforeEach(async () => {
    scoped = await createScoped();
  });

  it.each<[unknown, string]>([
    [{ user: {} }, 'user'],
    [{ users: true }, 'users'],
    [{ users: { userTypes: [] } }, 'users.userTypes'],
    [{ users: { userTypes: ['members'] } }, 'users.userTypes.0'],
    [{ users: { mailboxKinds: [] } }, 'users.mailboxKinds'],
    [{ users: { mailboxKinds: ['user', 'others'] } }, 'users.mailboxKinds.1'],
    [{ users: { domains: ['@contoso.com'] } }, 'users.domains.0'],
    [{ users: { domains: ['*.contoso.com'] } }, 'users.domains.0'],
    [Promise.resolve({}), 'options'],
    [new Map(), 'options'],
    [{ users: { memberOf: ['All staff'] } }, 'users.memberOf.0'],
    [{ users: { memberOf: [] } }, 'users.memberOf'],
    [{ groups: { groupTypes: ['unified'] } }, 'groups.groupTypes.0'],
  ])('%j is refused with the name of the field', async (scope, field) => {
    const given = scope as DirectoryScope;
    expect(() => scoped.create(scoped.clock, { directorySync: { scope: given } })).toThrow(
      expect.objectContaining({ code: 'invalid_options', field }),
    );
    scoped.want({ scope: () => given });
    await expect(scoped.sync()).rejects.toMatchObject({ code: 'invalid_options', field });
    expect((await scoped.runs())[0]?.outcome).toBe('failed');
  });
});

it('a preview looks through the scope as a sync does', async () => {
  const { users, sync, preview, want } = await createScoped({ scope: { users: { userTypes: ['member'] } } });
  users.add(upserted(user('a')), upserted(user('b')), upserted(guest('g')));
  expect(await preview()).toMatchObject({ counts: { user: { upserted: 2, removed: 0 } } });
  await sync();
  users.add(upserted(guest('a')), upserted(guest('g')));
  expect(await preview()).toMatchObject({ full: [], counts: { user: { upserted: 0, removed: 1 } } });
  want({ scope: { users: { userTypes: ['guest'] } } });
  // The service lists a guest of its history twice; of what is stored, `b` would go.
  expect(await preview()).toMatchObject({ full: ['user'], counts: { user: { upserted: 3, removed: 1 } } });
});

it('every run states what the service does not show', async () => {
  const { sync } = await createScoped();
  expect((await sync()).omissions).toEqual([{ code: 'hidden', message: 'Some.' }]);
});
