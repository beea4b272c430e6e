import { inspect, isDeepStrictEqual } from 'node:util';
import type { EmailAddress, GroupMember } from '@mailsphere/core';
import type { DirectoryGroup, DirectoryUser, SimulatedTenant } from '@mailsphere/simulator';
import type { SqlDirectory } from '@mailsphere/storage/sqlite';

/** A directory to compare with another one: each kind by id, without the order that does not matter. */
export interface DirectoryState {
  readonly domain: ReadonlyMap<string, object>;
  readonly user: ReadonlyMap<string, object>;
  readonly contact: ReadonlyMap<string, object>;
  readonly group: ReadonlyMap<string, { readonly members: readonly string[] }>;
  /** Rows of their own, so that none is left behind by an owner that is gone. */
  readonly rows: { readonly address: number; readonly member: number };
}

/** What the directory of a tenant is, by the tenant's own objects. */
export function stateOfTenant(tenant: SimulatedTenant): DirectoryState {
  const kinds = new Map<string, string>([
    ...tenant.users.map(({ id }) => [id, 'user'] as const),
    ...tenant.contacts.map(({ id }) => [id, 'contact'] as const),
    ...tenant.groups.map(({ id }) => [id, 'group'] as const),
  ]);
  const state = {
    domain: new Map(tenant.domainRecords.map((domain) => [domain.id, domainOf(domain)])),
    user: new Map(tenant.users.map((user) => [user.id, userOf(user)])),
    contact: new Map(
      tenant.contacts.map((contact) => [
        contact.id,
        {
          name: contact.displayName ?? undefined,
          company: contact.companyName ?? undefined,
          ...addressesOf(contact),
        },
      ]),
    ),
    group: new Map(tenant.groups.map((group) => [group.id, groupOf(group, kinds)])),
  };
  const owners = [...state.user.values(), ...state.contact.values(), ...state.group.values()];
  return {
    ...state,
    rows: {
      address: sum(owners.map(({ addresses }) => addresses.length)),
      member: sum([...state.group.values()].map(({ members }) => members.length)),
    },
  };
}

/** What the tables hold of a connection. */
export async function stateOfTables(directory: SqlDirectory, connectionId: string): Promise<DirectoryState> {
  const [domains, users, contacts, groups, { address, member }] = await Promise.all([
    directory.list(connectionId, 'domain'),
    directory.list(connectionId, 'user'),
    directory.list(connectionId, 'contact'),
    directory.list(connectionId, 'group'),
    directory.counts(connectionId),
  ]);
  const members = await Promise.all(groups.map(({ id }) => directory.members(connectionId, id)));
  return {
    domain: new Map(domains.map(({ kind: _, id, ...flags }) => [id, flags])),
    user: new Map(
      users.map(({ kind: _, id, displayName, addresses, otherAddresses, ...traits }) => [
        id,
        { name: displayName, ...traits, ...stored(addresses, otherAddresses) },
      ]),
    ),
    contact: new Map(
      contacts.map(({ id, displayName, companyName, addresses, otherAddresses }) => [
        id,
        { name: displayName, company: companyName, ...stored(addresses, otherAddresses) },
      ]),
    ),
    group: new Map(
      groups.map(({ kind: _, id, displayName, addresses, otherAddresses, ...traits }, index) => [
        id,
        {
          name: displayName,
          ...traits,
          ...stored(addresses, otherAddresses),
          members: textsOf(members[index] ?? []),
        },
      ]),
    ),
    rows: { address, member },
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

const domainOf = (domain: SimulatedTenant['domainRecords'][number]) => ({
  isDefault: domain.isDefault,
  isInitial: domain.isInitial,
  isVerified: domain.isVerified,
  acceptsMail: domain.isVerified && domain.supportedServices.includes('Email'),
});

const userOf = (user: DirectoryUser) => ({
  name: user.displayName ?? undefined,
  userPrincipalName: user.userPrincipalName,
  // Who signs in elsewhere stays a guest, whatever the type says.
  userType: user.userType === 'Guest' || user.userPrincipalName.includes('#EXT#') ? 'guest' : 'member',
  mailboxKind: undefined,
  enabled: user.accountEnabled,
  licensed: user.assignedPlans.some(
    ({ service, capabilityStatus }) =>
      service === 'exchange' && (capabilityStatus === 'Enabled' || capabilityStatus === 'Warning'),
  ),
  ...addressesOf(user),
});

const groupOf = (group: DirectoryGroup, kinds: ReadonlyMap<string, string>) => ({
  name: group.displayName ?? undefined,
  groupType: groupTypeOf(group),
  dynamicMembership: group.groupTypes.includes('DynamicMembership'),
  hiddenMembership: group.visibility === 'HiddenMembership',
  ...addressesOf(group),
  // Who is deleted stays on the group's list for a restore, and is no member meanwhile.
  members: [...group.members]
    .filter((id) => kinds.has(id))
    .map((id) => `${kinds.get(id)} ${id}`)
    .sort(),
});

function groupTypeOf({ groupTypes, mailEnabled, securityEnabled }: DirectoryGroup): string {
  if (groupTypes.includes('Unified')) return 'microsoft_365';
  if (!mailEnabled) return 'security';
  return securityEnabled ? 'mail_enabled_security' : 'distribution';
}

/** `SMTP:` is the primary address, `smtp:` an alias; with neither, there is the one that the object names. */
function addressesOf({ mail, proxyAddresses }: { mail: string | null; proxyAddresses: readonly string[] }) {
  const isSmtp = (typed: string) => typed.toLowerCase().startsWith('smtp:');
  const smtp = proxyAddresses.filter(isSmtp);
  return {
    addresses: smtp.length > 0 || mail === null ? smtp.toSorted() : [`SMTP:${mail}`],
    otherAddresses: proxyAddresses.filter((typed) => !isSmtp(typed)).toSorted(),
  };
}

function stored(addresses: readonly EmailAddress[], otherAddresses: readonly string[]) {
  const typed = addresses.map(({ address, domain, primary }, position) => {
    if (!address.toLowerCase().endsWith(`@${domain}`)) return `${address} at ${domain}`;
    // The primary one comes first.
    return primary && position === 0 ? `SMTP:${address}` : `smtp:${address}`;
  });
  return { addresses: typed.toSorted(), otherAddresses: otherAddresses.toSorted() };
}

const textsOf = (members: readonly GroupMember[]) => members.map(({ id, type }) => `${type} ${id}`).sort();

/** What is not the same, each in a line. */
export function differences(
  kind: string,
  found: ReadonlyMap<string, object>,
  expected: ReadonlyMap<string, object>,
): readonly string[] {
  const textOf = (entry: object | undefined) => inspect(entry, { breakLength: Infinity, sorted: true });
  return [...new Set([...found.keys(), ...expected.keys()])].flatMap((id) => {
    const [is, shouldBe] = [found.get(id), expected.get(id)];
    if (isDeepStrictEqual(is, shouldBe)) return [];
    return `${kind} ${id} is ${textOf(is)} and should be ${textOf(shouldBe)}`;
  });
}
