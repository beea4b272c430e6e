import { createSimulator, type Simulator } from '@mailsphere/simulator';
import { describe, expect, it } from 'vitest';
import { tenantOf } from './support.ts';

function picture(simulator: Simulator) {
  const tenant = tenantOf(simulator);
  return JSON.stringify({
    app: simulator.app,
    tenant: [tenant.id, tenant.name, tenant.domains, tenant.accounts],
    users: tenant.users,
    groups: tenant.groups.map((group) => ({ ...group, members: [...group.members] })),
    contacts: tenant.contacts,
    mail: [...simulator.manifest(tenant)],
    headers: tenant.mailboxes.map((id) => {
      const mailbox = tenant.mailbox(id);
      return [0, 5, 9].map((number) => [mailbox?.header(number), mailbox?.receivedAt(number)]);
    }),
  });
}

describe('a seed', () => {
  it('gives the same tenant, ids and message bytes each time, and others another', () => {
    const tenants = [{ name: 'contoso', users: 40, messagesPerUser: 30 }];
    const first = picture(createSimulator({ seed: 7, tenants }));
    expect(picture(createSimulator({ seed: 7, tenants }))).toBe(first);
    expect(picture(createSimulator({ seed: 8, tenants }))).not.toBe(first);
  });

  it('gives the same bytes in any order of reading', () => {
    const tenants = [{ name: 'contoso', messagesPerUser: 20, skew: 0 }];
    const read = (numbers: readonly number[]) => {
      const tenant = tenantOf(createSimulator({ tenants }));
      const mailbox = tenant.mailbox(tenant.mailboxes[2] ?? '');
      return new Map(
        numbers.map((number) => [
          number,
          Buffer.concat([...(mailbox?.chunks(number) ?? [])]).toString('base64'),
        ]),
      );
    };
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    const backwards = read([...numbers].reverse());
    for (const [number, bytes] of read(numbers)) expect(backwards.get(number)).toBe(bytes);
  });

  it('gives names to people, and no address twice', () => {
    const { users } = tenantOf(createSimulator({ tenants: [{ name: 'contoso', users: 5_000 }] }));
    const primary = users.flatMap((user) =>
      user.proxyAddresses.filter((address) => address.startsWith('SMTP:')),
    );
    expect(new Set(primary).size).toBe(primary.length);
    expect(new Set(users.map((user) => user.userPrincipalName)).size).toBe(users.length);
    for (const user of users) expect(user.userPrincipalName).toMatch(/^[\x21-\x7e]+$/);
  });
});

describe('memberships', () => {
  const groupsOf = (memberships: number, groups: number) =>
    tenantOf(createSimulator({ tenants: [{ name: 'contoso', users: 200, groups, memberships }] })).groups;

  it('are as many in all as asked for, so that a load is as large as it is said to be', () => {
    const groups = groupsOf(2_000, 40);
    expect(groups).toHaveLength(40);
    expect(groups.reduce((sum, { members }) => sum + members.size, 0)).toBe(2_000);
    const others = groups.slice(9).map(({ members }) => members.size);
    expect(new Set(others).size).toBeGreaterThan(5);
  });

  it('leave the fixed groups, and the same seed, as they are', () => {
    const members = (memberships: number) =>
      JSON.stringify(groupsOf(memberships, 40).map((group) => [group.displayName, ...group.members]));
    expect(members(2_000)).toBe(members(2_000));
    const fixed = (groups: ReturnType<typeof groupsOf>) =>
      JSON.stringify(groups.slice(0, 9).map((group) => [group.id, ...group.members]));
    const { groups } = tenantOf(createSimulator({ tenants: [{ name: 'contoso', users: 200, groups: 40 }] }));
    expect(fixed(groupsOf(2_000, 40))).toBe(fixed(groups));
  });

  it('that no groups could have are refused, and not quietly fewer', () => {
    expect(() => groupsOf(100, 40)).toThrow(RangeError);
    expect(() => groupsOf(1_000_000, 40)).toThrow(RangeError);
    expect(() => groupsOf(2_000, 9)).toThrow(RangeError);
  });
});

describe('sizes', () => {
  it('are log-normal around the median, with the length met to the byte', () => {
    const simulator = createSimulator({
      tenants: [{ name: 'contoso', users: 30, messagesPerUser: 100, messageSize: { medianBytes: 20_000 } }],
    });
    const sizes = [...simulator.manifest(tenantOf(simulator))]
      .map((entry) => entry.bytes)
      .sort((a, b) => a - b);
    const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(median).toBeGreaterThan(15_000);
    expect(median).toBeLessThan(26_000);
    expect(mean / median).toBeGreaterThan(1.7);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(26_214_400);
  });

  it('differ between mailboxes when they are skewed, and are equal when they are not', () => {
    const sizes = (skew: number) => {
      const tenant = tenantOf(
        createSimulator({ tenants: [{ name: 'contoso', users: 100, messagesPerUser: 50, skew }] }),
      );
      return tenant.mailboxes.map((id) => tenant.mailbox(id)?.size ?? 0);
    };
    expect(new Set(sizes(0))).toEqual(new Set([50]));
    expect(Math.max(...sizes(0.8))).toBeGreaterThan(2 * 50);
  });
});
