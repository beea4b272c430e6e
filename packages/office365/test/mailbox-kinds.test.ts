import type { DirectoryReadOptions, MailboxKind } from '@mailsphere/core';
import type { Fault, SimulatorOptions } from '@mailsphere/simulator';
import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { fetchTransport, type Office365Options, permissions, requiredResourceAccess } from '../src/index.ts';
import { house } from './house.ts';
import { collect, connect, failure, graph, tenant as tenantOnWire, wire } from './wire.ts';

const route = 'mailboxSettings.get';
const settings = /\/users\/([^/]+)\/mailboxSettings$/;

/** A provider over a simulator, whose mailboxes were asked for their purpose, and how many at once. */
function asking(more: Partial<Office365Options> = { mailboxKinds: true }, options: SimulatorOptions = {}) {
  const asked: string[] = [];
  let inFlight = 0;
  let most = 0;
  const inner = fetchTransport((request) => built.simulator.fetch(request));
  const built = house(
    { tenants: [{ name: 'contoso', users: 60, consented: true }], ...options },
    {
      async transport(request) {
        const mailbox = settings.exec(request.url.pathname)?.[1];
        if (mailbox === undefined) return inner(request);
        asked.push(mailbox);
        most = Math.max(most, ++inFlight);
        // Every answer that could come at once is waited for.
        await new Promise(setImmediate);
        return inner(request).finally(() => inFlight--);
      },
      ...more,
    },
  );
  const { clock, provider, ref } = built;
  const read = async (readOptions: DirectoryReadOptions = {}) => {
    const pages = await clock.run(collect(provider.directory.changes(ref, 'user', readOptions)));
    const users = pages.flatMap(({ changes }) =>
      changes.flatMap((change) =>
        change.type === 'upserted' && change.item.kind === 'user' ? change.item : [],
      ),
    );
    return {
      users,
      cursor: pages.at(-1)?.cursor,
      kinds: new Map(users.map(({ id, mailboxKind }) => [id, mailboxKind])),
    };
  };
  return { ...built, asked, read, mostAtOnce: () => most };
}

const all = ['user', 'linked', 'shared', 'room', 'equipment', 'others'] as const;

describe('what a mailbox is for', () => {
  it('is told of each user who has one, in the order of the service, and nobody else is asked', async () => {
    const { simulator, tenant, asked, read } = asking(undefined, { quirks: { directoryPage: 7 } });
    for (const mailbox of all) simulator.addUser(tenant.id, { nickname: `new-${mailbox}`, mailbox });
    const { users, kinds } = await read();
    const present = tenant.users.filter(({ deleted }) => deleted === undefined);
    const expected = present.map(({ id, mailbox }): [string, MailboxKind | undefined] => {
      if (mailbox === 'others') return [id, 'other'];
      return [id, mailbox === 'none' ? undefined : mailbox];
    });
    expect(new Set(expected.map(([, kind]) => kind)).size).toBe(all.length + 1);
    expect(kinds).toEqual(new Map(expected));
    const withMailbox = present.filter(({ mailbox }) => mailbox !== 'none').map(({ id }) => id);
    expect(new Set(asked)).toEqual(new Set(withMailbox));
    // These look most like users with mail, and are of another organization.
    const guests = present.filter(({ userType }) => userType === 'Guest');
    expect(guests.some(({ mail }) => mail !== null)).toBe(true);
    const plain = asking({}, { quirks: { directoryPage: 7 } });
    for (const mailbox of all)
      plain.simulator.addUser(plain.tenant.id, { nickname: `new-${mailbox}`, mailbox });
    const without = (await plain.read()).users;
    expect(users.map((user) => ({ ...user, mailboxKind: undefined }))).toEqual(without);
  });

  it('is asked again of the users that changed, and only of these', async () => {
    const { simulator, tenant, asked, read } = asking();
    const { cursor } = await read();
    const changed = tenant.accounts.member?.id ?? '';
    simulator.updateUser(tenant.id, changed, { displayName: 'Renamed' });
    simulator.removeUser(tenant.id, tenant.mailboxes.find((id) => id !== changed) ?? '');
    asked.length = 0;
    expect((await read({ cursor })).kinds).toEqual(new Map([[changed, 'user']]));
    expect(asked).toEqual([changed]);
  });

  it('is told of users that are chosen by their groups, too', async () => {
    const { simulator, tenant, asked, read } = asking();
    const { id } = simulator.addUser(tenant.id, { nickname: 'projector', mailbox: 'equipment' });
    const group = simulator.addGroup(tenant.id, { nickname: 'things', members: [id] });
    expect((await read({ memberOf: [group.id] })).kinds).toEqual(new Map([[id, 'equipment']]));
    expect(asked).toEqual([id]);
  });

  it('is asked of some mailboxes at once, but never of a whole page', async () => {
    const { simulator, tenant, asked, read, mostAtOnce } = asking();
    await read();
    expect(asked.length).toBeGreaterThan(30);
    expect(mostAtOnce()).toBeGreaterThan(1);
    expect(mostAtOnce()).toBeLessThanOrEqual(8);
    expect(new Set(asked).size).toBe(asked.length);
    expect(simulator.counts.byRoute[route]).toBe(asked.length);
    expect(tenant.mailboxes).toHaveLength(asked.length);
  });

  it('counts among the requests that a run is told of', async () => {
    const { asked, read } = asking();
    let answers = 0;
    await read({ onAnswer: () => answers++ });
    expect(answers).toBeGreaterThan(asked.length);
  });
});

const refusal = (status: number, code: string) => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ error: { code, message: 'no' } }),
});

describe('a mailbox that does not tell', () => {
  it('because there is none leaves its user, with the kind not known', async () => {
    const { simulator, tenant, asked, read } = asking();
    const lost = [1, 2, 3, 4].map((number) => {
      const { id } = simulator.addUser(tenant.id, { nickname: `on-premises-${number}`, mailbox: 'none' });
      simulator.updateUser(tenant.id, id, { mail: `on-premises-${number}@contoso.com` });
      return id;
    });
    const { kinds } = await read();
    expect(lost.map((id) => kinds.get(id))).toEqual(lost.map(() => undefined));
    expect(asked).toEqual(expect.arrayContaining(lost));
    expect([...kinds.values()].filter((kind) => kind !== undefined)).toHaveLength(tenant.mailboxes.length);
  });

  it.each<[string, number, Fault['answer']]>([
    ['is shut by a policy', 1, refusal(403, 'ErrorAccessDenied')],
    ['is on premises', 1, refusal(404, 'MailboxNotEnabledForRESTAPI')],
    ['is not found by a word of its own', 1, refusal(404, 'ErrorSomethingNew')],
    ['is out of order', 3, refusal(500, 'ErrorInternalServerError')],
    ['is out of order and asks for patience', 3, { ...refusal(503, 'ErrorMailboxStoreUnavailable') }],
    ['has no purpose', 1, { merge: { userPurpose: null } }],
    ['answers in another form', 1, { merge: { userPurpose: { of: 'user' } } }],
  ])('because it %s costs nobody else theirs', async (_name, times, answer) => {
    const { simulator, tenant, asked, read } = asking();
    const [mailboxId = ''] = tenant.mailboxes;
    simulator.inject({ route, mailboxId, times, answer });
    const { kinds } = await read();
    expect(kinds.has(mailboxId)).toBe(true);
    expect(kinds.get(mailboxId)).toBeUndefined();
    expect([...kinds.values()].filter((kind) => kind !== undefined)).toHaveLength(
      tenant.mailboxes.length - 1,
    );
    expect(asked.filter((id) => id === mailboxId)).toHaveLength(times);
  });

  it('at first is asked again, and then does', async () => {
    const { simulator, tenant, read } = asking();
    const [mailboxId = ''] = tenant.mailboxes;
    simulator.inject({ route, mailboxId, times: 2, answer: refusal(502, 'BadGateway') });
    expect((await read()).kinds.get(mailboxId)).toBe('user');
  });

  it.each<[string, MailboxKind]>([
    ['Shared', 'shared'],
    ['unknownFutureValue', 'other'],
    ['somethingNew', 'other'],
  ])('by a word that is known, but says %s, is %s', async (userPurpose, kind) => {
    const { simulator, tenant, read } = asking();
    const [mailboxId = ''] = tenant.mailboxes;
    simulator.inject({ route, mailboxId, answer: { merge: { userPurpose } } });
    expect((await read()).kinds.get(mailboxId)).toBe(kind);
  });
});

describe('the page of users ends, and is read again', () => {
  it('when the service asks to wait for longer than the call may, and no more mailboxes are asked', async () => {
    const { clock, simulator, tenant, asked, read } = asking();
    const [mailboxId = ''] = tenant.mailboxes;
    const answer = { ...refusal(429, 'ApplicationThrottled'), headers: { 'retry-after': '3600' } };
    simulator.inject({ route, mailboxId, answer });
    const error = await failure(read());
    expect(error).toMatchObject({ code: 'throttled', retryAt: clock.now() + 3_600_000 });
    expect(asked.length).toBeLessThan(tenant.mailboxes.length);
    // What the service asked for is waited for, and then all is told.
    await clock.advance(3_600_000);
    expect((await read()).kinds.get(mailboxId)).toBe('user');
  });

  it('when its caller gives up', async () => {
    const { simulator, tenant, asked, read } = asking();
    const [mailboxId = ''] = tenant.mailboxes;
    const abort = new AbortController();
    simulator.inject({ route, mailboxId, answer: 'hang' });
    const reading = failure(read({ signal: abort.signal }));
    while (!asked.includes(mailboxId)) await new Promise(setImmediate);
    abort.abort();
    expect(await reading).toMatchObject({ code: 'aborted' });
  });
});

const codes = (omissions: readonly { readonly code: string; readonly message: string }[] = []) =>
  omissions.filter(({ code }) => code === 'mailbox_kinds').map(({ message }) => message);

describe('without the permission', () => {
  it('users come without the kind, no mailbox is asked in vain, and it is said why', async () => {
    const { simulator, provider, tenant, ref, asked, read } = asking();
    simulator.revokeGrant(tenant.id, 'MailboxSettings.Read');
    const { kinds } = await read();
    expect(kinds.size).toBe(60);
    expect(new Set(kinds.values())).toEqual(new Set([undefined]));
    expect(asked).toEqual([]);
    const { granted, missing } = await provider.verify(ref);
    expect(missing).toMatchObject([
      { id: 'MailboxSettings.Read', capability: 'mailbox_kinds', required: false },
    ]);
    expect(codes(provider.directory.omissions?.(granted))).toEqual([
      'What a mailbox is for is not known, because MailboxSettings.Read is not granted.',
    ]);
    simulator.grantConsent(tenant.id);
    const { granted: later } = await provider.verify(ref);
    expect(codes(provider.directory.omissions?.(later))).toEqual([]);
    expect((await read()).kinds.get(tenant.mailboxes[0] ?? '')).toBe('user');
  });
});

describe('a host that does not ask for it', () => {
  it('pays nothing, asks for no permission, and is told that it is not asked', async () => {
    const { simulator, provider, ref, asked, read } = asking({});
    const { kinds } = await read();
    expect(new Set(kinds.values())).toEqual(new Set([undefined]));
    expect(asked).toEqual([]);
    expect(simulator.counts.byRoute[route]).toBeUndefined();
    expect(provider.permissions).toEqual(permissions);
    expect(permissions.map(({ id }) => id)).not.toContain('MailboxSettings.Read');
    const { granted } = await provider.verify(ref);
    expect(granted).toContain('MailboxSettings.Read');
    expect(codes(provider.directory.omissions?.(granted))).toEqual([
      'What a mailbox is for is not asked, because the option mailboxKinds is off.',
    ]);
  });

  it('has one permission less in its registration', () => {
    const { provider } = connect({ mailboxKinds: true, optionalCapabilities: ['directory'] });
    const added = provider.permissions.filter(({ id }) => !permissions.some((each) => each.id === id));
    expect(added).toMatchObject([{ id: 'MailboxSettings.Read', required: false }]);
    const [asked] = requiredResourceAccess(provider.permissions);
    expect(asked?.resourceAccess).toHaveLength(permissions.length + 1);
    expect(asked?.resourceAccess).toContainEqual({
      id: '40f97065-369a-49f4-947c-6a255697ae91',
      type: 'Role',
    });
    expect(requiredResourceAccess()[0]?.resourceAccess).toHaveLength(permissions.length);
  });
});

describe('a token that nobody here can read', () => {
  const { server, calls } = wire();

  it('does not keep anybody from being asked', async () => {
    server.use(
      http.get(`${graph}/users/delta`, () =>
        HttpResponse.json({
          value: [
            { id: '1', mail: 'ann@contoso.com' },
            { id: '2', mail: null },
            { id: '3', mail: 'moved@contoso.com' },
            { id: '3', '@removed': { reason: 'changed' } },
            { id: '1', mail: 'ann@contoso.com', displayName: 'Ann' },
          ],
          '@odata.deltaLink': `${graph}/users/delta?$deltatoken=a`,
        }),
      ),
      http.get(`${graph}/users/1/mailboxSettings`, () => HttpResponse.json({ userPurpose: 'room' })),
    );
    const { provider } = connect({ mailboxKinds: true });
    const [page] = await collect(provider.directory.changes(tenantOnWire, 'user'));
    expect(page?.changes).toMatchObject([
      { item: { id: '1', mailboxKind: 'room' } },
      { item: { id: '2', mailboxKind: undefined } },
      { item: { id: '3', mailboxKind: undefined } },
      { type: 'removed', id: '3' },
      { item: { id: '1', displayName: 'Ann', mailboxKind: 'room' } },
    ]);
    expect(calls()).toHaveLength(2);
  });
});
