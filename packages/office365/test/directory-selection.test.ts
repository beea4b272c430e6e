import { describe, expect, it } from 'vitest';
import { house } from './house.ts';
import { collect, failure } from './wire.ts';

const small = {
  tenants: [{ name: 'contoso', users: 40, consented: true }],
  quirks: { directoryPage: 3 },
} as const;

describe('users chosen by their groups', () => {
  it('are the members of each, of the groups within it too, and never a group or a contact', async () => {
    const { simulator, tenant, provider, ref } = house(small);
    const [first, second, third] = tenant.users.filter(({ userType }) => userType === 'Member');
    const [contact] = tenant.contacts;
    if (!first || !second || !third || !contact) throw new Error('There are users and contacts.');
    const inner = simulator.addGroup(tenant.id, { nickname: 'inner', members: [second.id] });
    const outer = simulator.addGroup(tenant.id, {
      nickname: 'outer',
      members: [first.id, inner.id, contact.id],
    });
    const other = simulator.addGroup(tenant.id, { nickname: 'other', members: [third.id, first.id] });
    simulator.addGroupMember(tenant.id, inner.id, outer.id);
    const memberOf = [outer.id, other.id];
    const pages = await collect(provider.directory.changes(ref, 'user', { memberOf }));
    const changes = pages.flatMap((page) => page.changes);
    const found = changes.map((change) => (change.type === 'upserted' ? change.item.id : undefined));
    expect(found.sort()).toEqual([first.id, first.id, second.id, third.id].sort());
    const row = changes.find((change) => change.type === 'upserted' && change.item.id === first.id);
    expect(row).toMatchObject({
      item: { kind: 'user', userPrincipalName: first.userPrincipalName, enabled: first.accountEnabled },
    });
    expect(row?.type === 'upserted' && row.item.kind === 'user' && row.item.addresses.length).toBeGreaterThan(
      0,
    );
    expect(pages.map(({ caughtUp, cursor }) => [caughtUp, cursor === undefined])).toEqual([
      [false, false],
      [true, true],
    ]);
  });

  it('of a large group come in several pages, and a listing that broke off goes on from its cursor', async () => {
    const { simulator, tenant, provider, ref } = house({
      tenants: [{ name: 'contoso', users: 1500, consented: true }],
    });
    const everybody = tenant.users.filter(({ deleted }) => deleted === undefined).map(({ id }) => id);
    const group = simulator.addGroup(tenant.id, { nickname: 'everybody', members: everybody });
    const memberOf = [group.id];
    const [first] = await collect(provider.directory.changes(ref, 'user', { memberOf }));
    expect(first).toMatchObject({ caughtUp: false });
    const rest = await collect(provider.directory.changes(ref, 'user', { memberOf, cursor: first?.cursor }));
    const found = [...(first?.changes ?? []), ...rest.flatMap(({ changes }) => changes)].map((change) =>
      change.type === 'upserted' ? change.item.id : undefined,
    );
    expect(found.sort()).toEqual(everybody.sort());
  });

  it('of a group that is gone are an error, and not nobody', async () => {
    const { provider, ref } = house(small);
    const memberOf = ['00000000-0000-4000-8000-000000000000'];
    expect(await failure(collect(provider.directory.changes(ref, 'user', { memberOf })))).toMatchObject({
      code: 'not_found',
    });
  });
});

it('some groups can be read whole, with all their members, without reading the others', async () => {
  const { simulator, tenant, provider, ref } = house(small);
  const members = tenant.users.filter(({ deleted }) => deleted === undefined).map(({ id }) => id);
  const one = simulator.addGroup(tenant.id, { nickname: 'one', members });
  const two = simulator.addGroup(tenant.id, { nickname: 'two' });
  const ids = [one.id, two.id];
  const pages = await collect(provider.directory.changes(ref, 'group', { ids }));
  const changes = pages.flatMap((page) => page.changes);
  expect(new Set(changes.map((change) => change.type === 'upserted' && change.item.id))).toEqual(
    new Set(ids),
  );
  const added = changes.flatMap((change) =>
    change.type === 'upserted' && change.item.kind === 'group'
      ? change.item.members.added.map((member) => member.id)
      : [],
  );
  expect(added.sort()).toEqual(members.sort());
});

it('what Graph does not show is named, and hidden members only as long as they are hidden', () => {
  const { provider } = house(small);
  const codes = (granted: readonly string[]) =>
    provider.directory.omissions?.(granted).map(({ code }) => code);
  const always = ['dynamic_distribution_groups', 'service_principal_members'];
  expect(codes([])).toEqual([...always, 'hidden_members', 'mailbox_kinds']);
  expect(codes(['Member.Read.Hidden'])).toEqual([...always, 'mailbox_kinds']);
});
