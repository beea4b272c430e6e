import type { EmailAddress } from '@mailsphere/core';
import type { SimulatedTenant } from '@mailsphere/simulator';
import type { SqlDirectory } from '@mailsphere/storage/sqlite';

/** A directory, in a form in which the tenant's own and what was stored of it can be compared. Lists are in the order of ids. */
export interface DirectoryCopy {
  readonly domains: readonly string[];
  readonly users: readonly {
    readonly id: string;
    readonly name: string;
    readonly addresses: readonly string[];
  }[];
  readonly contacts: DirectoryCopy['users'];
  readonly groups: readonly (DirectoryCopy['users'][number] & { readonly members: readonly string[] })[];
}

/** What is stored. */
export async function storedCopy(directory: SqlDirectory, connectionId: string): Promise<DirectoryCopy> {
  const list = async <Kind extends 'domain' | 'user' | 'contact' | 'group'>(kind: Kind) =>
    directory.list(connectionId, kind, { limit: 10_000 });
  const entry = (of: {
    readonly id: string;
    readonly displayName: string | undefined;
    readonly addresses: readonly EmailAddress[];
  }) => ({
    id: of.id,
    name: of.displayName ?? '',
    addresses: of.addresses.map(({ address }) => address.toLowerCase()).sort(),
  });
  const members = async (groupId: string) =>
    (await directory.members(connectionId, groupId)).map(({ id }) => id);
  return {
    domains: (await list('domain')).map(({ id }) => id),
    users: (await list('user')).map(entry),
    contacts: (await list('contact')).map(entry),
    groups: await Promise.all(
      (await list('group')).map(async (group) => ({ ...entry(group), members: await members(group.id) })),
    ),
  };
}

/** What there is in the tenant. */
export function tenantCopy(tenant: SimulatedTenant): DirectoryCopy {
  const { domainRecords, users, contacts, groups } = tenant;
  const present = new Set([...users, ...contacts, ...groups].map(({ id }) => id));
  const entry = (of: {
    readonly id: string;
    readonly displayName?: string | null;
    readonly proxyAddresses: readonly string[];
  }) => ({
    id: of.id,
    name: of.displayName ?? '',
    addresses: of.proxyAddresses
      .filter((typed) => /^smtp:/i.test(typed))
      .map((typed) => typed.slice('smtp:'.length).toLowerCase())
      .sort(),
  });
  return {
    domains: domainRecords.map(({ id }) => id.toLowerCase()).sort(),
    users: users.map(entry).sort(byId),
    contacts: contacts.map(entry).sort(byId),
    groups: groups
      .map((group) => ({
        ...entry(group),
        members: [...group.members].filter((id) => present.has(id)).sort(),
      }))
      .sort(byId),
  };
}

const byId = (one: { readonly id: string }, other: { readonly id: string }) => (one.id < other.id ? -1 : 1);
