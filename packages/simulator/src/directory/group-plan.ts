import { createRandom } from '../random.ts';
import { createMemberList, type DirectoryGroup } from './group.ts';
import { DEPARTMENTS } from './names.ts';
import type { Population } from './population.ts';
import { distributionGroup } from './tenant.ts';

/** The groups of a tenant: nine of all kinds, nested, in a circle, hidden and empty, and then as many more as asked for. */
export function makeGroups(
  seed: number,
  tenantName: string,
  people: Population,
  total: number | undefined,
): DirectoryGroup[] {
  const random = createRandom(seed, tenantName, 'groups');
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
  const wanted = total ?? Math.max(groups.length, Math.floor(people.users.length / 10));
  for (let index = groups.length; index < wanted; index++) {
    const department = random.pick(DEPARTMENTS);
    const ids = Array.from({ length: Math.min(members.length, 2 + random.integer(20)) }, () =>
      random.pick(members),
    );
    groups.push(list(`${department} ${index}`, `${department.toLowerCase()}-${index}`, ids));
  }
  return groups;
}
