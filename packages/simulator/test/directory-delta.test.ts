import { describe, expect, it } from 'vitest';
import { connect, createManualClock, type Json, tenantOf } from './support.ts';

const noQuirks = { emptyPages: 0, repeatedRows: 0 };
const setup = (users = 60) =>
  connect({
    clock: createManualClock(),
    quirks: { ...noQuirks, directoryPage: 25 },
    tenants: [{ name: 'contoso', users }],
  });

describe('users/delta', () => {
  it('reads everybody over opaque links, never both links on a page (microsoft-graph 3.1)', async () => {
    const { pages } = await setup();
    const {
      rows,
      pages: all,
      deltaLink,
    } = await pages('/users/delta?$select=displayName,proxyAddresses,accountEnabled');
    expect(rows).toHaveLength(60);
    for (const page of all)
      expect(Number('@odata.nextLink' in page) + Number('@odata.deltaLink' in page)).toBe(1);
    expect(String(all[0]?.['@odata.nextLink'])).toMatch(/\/v1\.0\/users\/delta\?\$skiptoken=[^&]{90,}$/);
    expect(deltaLink).toMatch(/\/v1\.0\/users\/delta\?\$deltatoken=[^&]{90,}$/);
    expect(rows[0]).toMatchObject({ id: expect.any(String), accountEnabled: true });
    // Never set is missing, cleared is null.
    expect(rows.some((row) => !('mail' in row))).toBe(true);
  });

  it('answers the long name of the function too (microsoft-graph 3.1)', async () => {
    const { get } = await setup();
    expect((await get('/users/microsoft.graph.delta?$select=id')).value).toHaveLength(25);
    expect((await get('/users/delta()?$select=id')).value).toHaveLength(25);
  });

  it('then reports what changed: new, changed, deleted for now, deleted for good, restored (microsoft-graph 3.1, 3.2)', async () => {
    const { simulator, tenantId, pages } = await setup();
    const users = tenantOf(simulator).users.map((user) => user.id);
    const [changed = '', soft = '', hard = ''] = users.slice(20);
    let { deltaLink } = await pages('/users/delta?$select=displayName,jobTitle');
    const added = simulator.addUser(tenantId, { nickname: 'new.person' });
    simulator.updateUser(tenantId, changed, { displayName: 'New Name', jobTitle: null });
    simulator.removeUser(tenantId, soft);
    simulator.removeUser(tenantId, hard, 'hard');
    let round = await pages(deltaLink);
    expect(round.rows).toEqual([
      { displayName: 'new.person', id: added.id },
      { displayName: 'New Name', jobTitle: null, id: changed },
      { id: soft, '@removed': { reason: 'changed' } },
      { id: hard, '@removed': { reason: 'deleted' } },
    ]);
    deltaLink = round.deltaLink;
    simulator.restoreUser(tenantId, soft);
    round = await pages(deltaLink);
    expect(round.rows).toMatchObject([{ id: soft, displayName: expect.any(String) }]);
    expect((await pages(round.deltaLink)).rows).toEqual([]);
  });

  it('raises a row only for what is selected, and only what changed on request (microsoft-graph 3.2)', async () => {
    const { simulator, tenantId, pages } = await setup();
    const id = tenantOf(simulator).users[20]?.id ?? '';
    const { deltaLink } = await pages('/users/delta?$select=displayName,department');
    simulator.updateUser(tenantId, id, { jobTitle: 'Other' });
    const quiet = await pages(deltaLink);
    expect(quiet.rows).toEqual([]);
    simulator.updateUser(tenantId, id, { displayName: 'Somebody Else' });
    expect((await pages(quiet.deltaLink, { prefer: 'return=minimal' })).rows).toEqual([
      { displayName: 'Somebody Else', id },
    ]);
    expect((await pages(quiet.deltaLink)).rows).toMatchObject([
      { displayName: 'Somebody Else', department: expect.any(String), id },
    ]);
  });

  it('starts from now with $deltatoken=latest, and follows at most 50 ids (microsoft-graph 3.2)', async () => {
    const { simulator, ask, get, pages } = await setup();
    expect((await get('/users/delta?$deltatoken=latest')).value).toEqual([]);
    const ids = tenantOf(simulator)
      .users.slice(0, 2)
      .map((user) => user.id);
    const filter = (list: string[]) => encodeURIComponent(list.map((id) => `id eq '${id}'`).join(' or '));
    expect((await pages(`/users/delta?$filter=${filter(ids)}`)).rows).toHaveLength(2);
    expect((await ask(`/users/delta?$filter=${filter(Array(51).fill(ids[0]))}`)).status).toBe(400);
  });

  it('shows soft-deleted users as removed in a first round (microsoft-graph 3.1)', async () => {
    const { simulator, tenantId, pages } = await setup();
    const id = tenantOf(simulator).users[20]?.id ?? '';
    simulator.removeUser(tenantId, id);
    expect((await pages('/users/delta')).rows).toContainEqual({ id, '@removed': { reason: 'changed' } });
  });

  it('forgets tokens after seven days, and says where to start again after a move (microsoft-graph 3.1)', async () => {
    const clock = createManualClock();
    const { simulator, tenantId, ask, pages, token } = await connect({ clock, quirks: noQuirks });
    const { deltaLink } = await pages('/users/delta?$select=id,mail');
    simulator.expireTokens(tenantId);
    const moved = await ask(deltaLink);
    expect(moved.status).toBe(410);
    const location = moved.headers.get('location') ?? '';
    expect(location).toMatch(/^https:\/\/graph\.microsoft\.com\/v1\.0\/users\/delta\?.*\$deltatoken=$/);
    const again = await pages(location);
    expect(again.rows).toHaveLength(12);
    await clock.advance(7 * 86_400_000 + 1);
    const headers = { authorization: `Bearer ${await token()}` };
    const old = await simulator.fetch(new Request(again.deltaLink, { headers }));
    expect(old.status).toBe(410);
    expect(await old.json()).toMatchObject({ error: { code: 'syncStateNotFound' } });
  });

  it('refuses a token that was cut or changed (microsoft-graph 3.1)', async () => {
    const { ask, pages } = await setup();
    const { deltaLink } = await pages('/users/delta');
    expect((await ask(deltaLink.slice(0, -40))).status).toBe(400);
    expect((await ask(deltaLink.replace('$deltatoken=', '$deltatoken=A'))).status).toBe(400);
  });

  it('sends empty pages and repeated rows when told to: clients go on and merge by id (microsoft-graph 3.1)', async () => {
    const { pages } = await connect({
      quirks: { emptyPages: 0.7, repeatedRows: 0.7, directoryPage: 5 },
      tenants: [{ name: 'contoso', users: 60 }],
    });
    const { rows, pages: all } = await pages('/users/delta?$select=id');
    expect(all.some((page) => (page.value as Json[]).length === 0 && '@odata.nextLink' in page)).toBe(true);
    expect(rows.length).toBeGreaterThan(60);
    expect(new Set(rows.map((row) => row.id)).size).toBe(60);
  });
});

it('goes on also when each page is one row and repeats the one before (microsoft-graph 3.1)', async () => {
  const { pages } = await connect({ quirks: { emptyPages: 0, repeatedRows: 1, directoryPage: 1 } });
  const { rows } = await pages('/users/delta?$select=id');
  expect(rows).toHaveLength(23);
  expect(new Set(rows.map((row) => row.id)).size).toBe(12);
});

describe('contacts/delta', () => {
  it('reports contacts that come, change and go, out of their groups too (microsoft-graph 3.1, 3.2, 8.4)', async () => {
    const { simulator, tenantId, pages } = await setup();
    const first = await pages('/contacts/delta?$select=displayName,companyName,mail');
    const [changed, gone] = tenantOf(simulator).contacts;
    if (changed === undefined || gone === undefined) throw new Error('no contact');
    expect(first.rows).toHaveLength(3);
    const partners = tenantOf(simulator).groups.find((group) => group.members.has(gone.id));
    const groups = await pages('/groups/delta?$select=displayName,members');
    const added = simulator.addContact(tenantId, { mail: 'kim@fabrikam.com' });
    simulator.updateContact(tenantId, changed.id, { companyName: null });
    simulator.removeContact(tenantId, gone.id);
    expect((await pages(first.deltaLink)).rows).toEqual([
      { id: added.id, displayName: 'kim', mail: 'kim@fabrikam.com' },
      { id: changed.id, displayName: changed.displayName, companyName: null, mail: changed.mail },
      { id: gone.id, '@removed': { reason: 'deleted' } },
    ]);
    expect((await pages(groups.deltaLink)).rows).toEqual([
      {
        id: partners?.id,
        displayName: 'Partners',
        'members@delta': [
          { '@odata.type': '#microsoft.graph.orgContact', id: gone.id, '@removed': { reason: 'deleted' } },
        ],
      },
    ]);
    expect((await pages('/contacts/delta')).rows).toHaveLength(3);
    expect(() => simulator.removeContact(tenantId, gone.id)).toThrow(RangeError);
  });
});

describe('groups/delta', () => {
  const membersOf = (rows: Json[], id: unknown) =>
    rows.filter((row) => row.id === id).flatMap((row) => (row['members@delta'] ?? []) as Json[]);

  it('spreads a large group over pages with its name on each, and says nothing of members where there are none (microsoft-graph 3.2)', async () => {
    const { simulator, pages } = await setup(1_500);
    const { rows } = await pages('/groups/delta');
    const { groups } = tenantOf(simulator);
    const everyone = groups.find((group) => group.displayName === 'All Employees');
    const slices = rows.filter((row) => row.id === everyone?.id);
    expect(slices.length).toBeGreaterThan(1);
    for (const slice of slices) expect(slice.displayName).toBe('All Employees');
    const ids = membersOf(rows, everyone?.id).map((member) => member.id);
    expect(ids).toHaveLength(everyone?.members.size ?? -1);
    expect(new Set(ids).size).toBe(ids.length);
    const empty = rows.find((row) => row.displayName === 'Newcomers');
    expect(empty).not.toHaveProperty('members@delta');
    for (const group of groups) expect(membersOf(rows, group.id)).toHaveLength(group.members.size);
  });

  it('reports joining and leaving, and leaving when the user goes (microsoft-graph 3.2)', async () => {
    const { simulator, tenantId, pages } = await setup();
    const group = tenantOf(simulator).groups.find((one) => one.displayName === 'VPN Users');
    const [joins = '', leaves = ''] = tenantOf(simulator)
      .users.slice(20)
      .map((user) => user.id);
    if (group === undefined) throw new Error('no group');
    simulator.addGroupMember(tenantId, group.id, leaves);
    const { deltaLink } = await pages('/groups/delta?$select=displayName,members');
    simulator.removeGroupMember(tenantId, group.id, joins);
    const start = (await pages(deltaLink)).deltaLink;
    simulator.addGroupMember(tenantId, group.id, joins);
    simulator.removeUser(tenantId, leaves);
    const { rows } = await pages(start);
    expect(membersOf(rows, group.id)).toEqual([
      { '@odata.type': '#microsoft.graph.user', id: joins },
      { '@odata.type': '#microsoft.graph.user', id: leaves, '@removed': { reason: 'deleted' } },
    ]);
  });

  it('does not track members that are not selected', async () => {
    const { simulator, tenantId, pages } = await setup();
    const { rows, deltaLink } = await pages('/groups/delta?$select=displayName');
    expect(rows.every((row) => !('members@delta' in row))).toBe(true);
    const group = tenantOf(simulator).groups[0];
    simulator.removeGroupMember(tenantId, group?.id ?? '', [...(group?.members ?? [])][0] ?? '');
    expect((await pages(deltaLink)).rows).toEqual([]);
  });
});

describe('a large directory', () => {
  it('reads 100,000 users, and the next round costs what changed', { timeout: 60_000 }, async () => {
    const { simulator, tenantId, pages } = await connect({
      quirks: { ...noQuirks, directoryPage: 999 },
      tenants: [{ name: 'contoso', users: 100_000 }],
    });
    const { rows, deltaLink } = await pages('/users/delta?$select=id,displayName,mail,proxyAddresses');
    expect(rows).toHaveLength(100_000);
    const before = simulator.counts.byRoute['users.delta'] ?? 0;
    for (let index = 0; index < 500; index++)
      simulator.updateUser(tenantId, String(rows[index * 100]?.id), { displayName: `Changed ${index}` });
    const second = await pages(deltaLink);
    expect(second.rows).toHaveLength(500);
    expect((simulator.counts.byRoute['users.delta'] ?? 0) - before).toBe(1);
  });
});
