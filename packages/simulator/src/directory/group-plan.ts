import { createRandom, type Random } from '../random.ts';
import type { TenantSeed } from '../simulator-options.ts';
import { createMemberList, type DirectoryGroup } from './group.ts';
import { DEPARTMENTS } from './names.ts';
import type { Population } from './population.ts';
import { distributionGroup } from './tenant.ts';

/**
 * The groups of a tenant: nine of all kinds, nested, in a circle, hidden and empty, and then as many more as asked for.
 *
 * @throws RangeError when the groups cannot have as many members as asked for
 */
export function makeGroups(seed: number, tenant: TenantSeed, people: Population): DirectoryGroup[] {
  const random = createRandom(seed, tenant.name, 'groups');
  const domain = people.mailDomain;
  const members = people.users
    .filter((user) => user.userType === 'Member' && user.mailbox === 'user')
    .map((user) => user.id);
  const guests = people.users.filter((user) => user.userType === 'Guest').map((user) => user.id);
  const contacts = people.contacts.map((contact) => contact.id);
  const some = (portion: number) => members.filter(() => random.next() < portion);
  const list = (
    displayName: string,
    mailNickname: string,
    ids: Iterable<string>,
    traits: Partial<DirectoryGroup> = {},
  ) =>
    distributionGroup({
      id: random.guid(),
      displayName,
      mailNickname,
      domain,
      members: createMemberList(ids),
      ...traits,
    });
  const noMail = { mail: null, mailEnabled: false, proxyAddresses: [] };

  const everyone = list('All Employees', 'all', members, { description: 'Everybody in the company' });
  const managers = list('Managers', 'managers', some(0.3));
  const leaders = list('Team Leads', 'leads', some(0.3));
  // Team Leads and Managers hold each other: whoever expands nested groups must not run in circles.
  managers.members.add(leaders.id);
  leaders.members.add(managers.id);
  const partners = list('Partners', 'partners', [...contacts, ...guests, managers.id]);
  const groups = [
    everyone,
    managers,
    leaders,
    partners,
    list('Mail-enabled Security', 'secure-mail', some(0.3), { securityEnabled: true }),
    list('Project Falcon', 'falcon', some(0.4), {
      groupTypes: ['Unified'],
      visibility: 'Private',
      description: null,
    }),
    list('Payroll (hidden)', 'payroll', some(0.3), {
      groupTypes: ['Unified'],
      visibility: 'HiddenMembership',
    }),
    list('VPN Users', 'vpn', some(0.5), { ...noMail, securityEnabled: true }),
    list('Newcomers', 'newcomers', []),
  ];
  const wanted = tenant.groups ?? Math.max(groups.length, Math.floor(people.users.length / 10));
  const fixed = groups.reduce((sum, group) => sum + group.members.size, 0);
  const deal =
    tenant.memberships === undefined
      ? undefined
      : dealer(random, members, tenant.memberships - fixed, wanted - groups.length);
  for (let index = groups.length; index < wanted; index++) {
    const department = random.pick(DEPARTMENTS);
    const ids =
      deal?.() ??
      Array.from({ length: Math.min(members.length, 2 + random.integer(20)) }, () => random.pick(members));
    groups.push(list(`${department} ${index}`, `${department.toLowerCase()}-${index}`, ids));
  }
  return groups;
}

/** Deals memberships to groups, to some of them many and to others few, until all are dealt. */
function dealer(
  random: Random,
  members: readonly string[],
  memberships: number,
  groups: number,
): () => readonly string[] {
  if (memberships < 0 || memberships > groups * members.length)
    throw new RangeError(
      'memberships: the nine fixed groups have more members than that, or the other groups cannot have so many.',
    );
  let left = memberships;
  let groupsLeft = groups;
  return () => {
    const mean = left / groupsLeft;
    groupsLeft -= 1;
    const least = left - groupsLeft * members.length;
    const most = Math.min(left, members.length);
    const size = groupsLeft === 0 ? left : Math.min(most, Math.max(least, random.integer(2 * mean + 1)));
    left -= size;
    // Neighbours, so that nobody is picked twice.
    const first = random.integer(members.length);
    return Array.from({ length: size }, (_, index) => members[(first + index) % members.length] ?? '');
  };
}
