import { createRandom, type Random } from '../random.ts';
import type { TenantSeed } from '../simulator-options.ts';
import type { Contact } from './contact.ts';
import { type Domain, domain } from './domain.ts';
import { asciiOf, DEPARTMENTS, JOB_TITLES, OFFICES, personName } from './names.ts';
import { ROLES } from './role.ts';
import type { Account, SimulatedTenant } from './tenant.ts';
import { type DirectoryUser, EXCHANGE_PLANS, type MailboxKind } from './user.ts';

/** The people of a tenant, before groups and mailboxes. */
export interface Population {
  readonly domains: readonly Domain[];
  readonly users: DirectoryUser[];
  readonly contacts: Contact[];
  readonly accounts: SimulatedTenant['accounts'];
  /** Domain of new addresses. */
  readonly mailDomain: string;
}

type Cast =
  | 'administrator'
  | 'applicationAdministrator'
  | 'member'
  | 'shared'
  | 'guest'
  | 'service'
  | 'room'
  | 'privilegedRoleAdministrator';
/** Who the first users are, so that every kind is there in a small tenant. */
const CAST: readonly Cast[] = [
  'administrator',
  'applicationAdministrator',
  'member',
  'shared',
  'guest',
  'service',
  'room',
  'privilegedRoleAdministrator',
];
const SHARED = ['info', 'sales', 'support', 'invoices', 'careers', 'orders'] as const;
const NO_PHONES: readonly string[] = [];

/** Fills a tenant with domains, users and contacts. */
export function populate(seed: number, tenant: TenantSeed): Population {
  const random = createRandom(seed, tenant.name, 'people');
  const initial = `${tenant.name}.onmicrosoft.com`;
  const custom = tenant.domains ?? [`${tenant.name}.com`];
  const mailDomain = custom[0] ?? initial;
  const domains = [
    domain(initial, { initial: true, default: custom.length === 0 }),
    ...custom.map((name, index) => domain(name, { default: index === 0 })),
    domain(`${tenant.name}-unverified.example`, { verified: false }),
  ];
  const taken = new Map<string, number>();
  const unique = (nickname: string): string => {
    const count = taken.get(nickname) ?? 0;
    taken.set(nickname, count + 1);
    return count === 0 ? nickname : `${nickname}${count + 1}`;
  };
  const place = { random, initial, mailDomain, aliases: custom.length > 0 ? custom : [initial], unique };
  const users = Array.from({ length: Math.max(1, tenant.users ?? 12) }, (_, index) => makeUser(place, index));
  const account = (cast: Cast): Account | undefined => {
    const user = users[CAST.indexOf(cast)];
    if (user === undefined) return undefined;
    const username =
      user.userType === 'Guest' ? (user.mail ?? user.userPrincipalName) : user.userPrincipalName;
    return { id: user.id, username, displayName: user.displayName };
  };
  const administrator = account('administrator');
  if (administrator === undefined) throw new RangeError('A tenant needs at least one user.');
  const accounts: Record<string, Account> = { administrator };
  for (const cast of [
    'privilegedRoleAdministrator',
    'applicationAdministrator',
    'member',
    'guest',
  ] as const) {
    const found = account(cast);
    if (found !== undefined) accounts[cast] = found;
  }
  return {
    domains,
    users,
    contacts: Array.from({ length: 3 }, () => makeContact(random)),
    accounts: accounts as unknown as SimulatedTenant['accounts'],
    mailDomain,
  };
}

interface Place {
  readonly random: Random;
  readonly initial: string;
  readonly mailDomain: string;
  readonly aliases: readonly string[];
  unique(nickname: string): string;
}

function castOf(index: number): Cast | 'person' {
  const first = CAST[index];
  if (first !== undefined) return first;
  if (index % 25 === 0) return 'shared';
  if (index % 25 === 12) return 'guest';
  if (index % 50 === 30) return 'service';
  if (index % 100 === 40) return 'room';
  return 'person';
}

function makeUser(place: Place, index: number): DirectoryUser {
  const { random } = place;
  const cast = castOf(index);
  const name = personName(random);
  switch (cast) {
    case 'administrator':
      // Named by its job and in the initial domain, as the first account of a real tenant is.
      return person(
        place,
        { displayName: 'Megan Bowen', givenName: 'Megan', surname: 'Bowen', nickname: 'admin' },
        [ROLES.globalAdministrator],
        place.initial,
      );
    case 'shared': {
      const box = SHARED[Math.floor(index / 25) % SHARED.length] ?? 'info';
      return resource(place, box.charAt(0).toUpperCase() + box.slice(1), place.unique(box), 'shared');
    }
    case 'room':
      return resource(
        place,
        `Conf Room ${name.surname}`,
        place.unique(`room.${asciiOf(name.surname)}`),
        'room',
      );
    case 'service':
      return service(place, place.unique('svc-backup'));
    case 'guest':
      return guest(place, `${name.givenName} ${name.surname}`, place.unique(name.nickname));
    default: {
      const roles = cast === 'person' || cast === 'member' ? [] : [ROLES[cast]];
      return person(
        place,
        { ...name, displayName: `${name.givenName} ${name.surname}` },
        roles,
        place.mailDomain,
      );
    }
  }
}

function person(
  place: Place,
  name: {
    readonly displayName: string;
    readonly givenName: string;
    readonly surname: string;
    readonly nickname: string;
  },
  roles: readonly string[],
  signInDomain: string,
): DirectoryUser {
  const { random } = place;
  const nickname = place.unique(name.nickname);
  const mail = `${nickname}@${place.mailDomain}`;
  const proxyAddresses = [`SMTP:${mail}`, `smtp:${nickname}@${place.initial}`];
  if (place.mailDomain === place.initial) proxyAddresses.pop();
  for (const alias of place.aliases.slice(1)) proxyAddresses.push(`smtp:${nickname}@${alias}`);
  if (random.next() < 0.4)
    proxyAddresses.push(
      `smtp:${place.unique(asciiOf(name.givenName.charAt(0) + name.surname))}@${place.mailDomain}`,
    );
  if (random.next() < 0.5) proxyAddresses.push(`SIP:${mail}`);
  if (random.next() < 0.2)
    proxyAddresses.push(
      `x500:/o=ExchangeLabs/ou=Exchange Administrative Group/cn=Recipients/cn=${random.text(16)}`,
    );
  return {
    id: random.guid(),
    // Some people sign in with a name that is not their address.
    userPrincipalName: random.next() < 0.1 ? `${nickname}@${place.initial}` : `${nickname}@${signInDomain}`,
    displayName: name.displayName,
    givenName: name.givenName,
    surname: name.surname,
    mail,
    mailNickname: nickname,
    proxyAddresses,
    otherMails: NO_PHONES,
    accountEnabled: random.next() >= 0.02 || roles.length > 0,
    userType: 'Member',
    jobTitle: random.pick(JOB_TITLES),
    department: random.pick(DEPARTMENTS),
    officeLocation: random.pick(OFFICES),
    mobilePhone: null,
    businessPhones: NO_PHONES,
    preferredLanguage: 'en-US',
    usageLocation: 'DE',
    createdDateTime: '2024-01-15T09:00:00Z',
    assignedPlans: EXCHANGE_PLANS,
    mailbox: 'user',
    roles,
  };
}

function bare(place: Place, displayName: string, nickname: string, mailbox: MailboxKind): DirectoryUser {
  return {
    id: place.random.guid(),
    userPrincipalName: `${nickname}@${place.mailDomain}`,
    displayName,
    mail: null,
    mailNickname: nickname,
    proxyAddresses: NO_PHONES,
    otherMails: NO_PHONES,
    accountEnabled: true,
    userType: 'Member',
    businessPhones: NO_PHONES,
    createdDateTime: '2024-03-01T09:00:00Z',
    assignedPlans: [],
    mailbox,
    roles: NO_PHONES,
  };
}

function resource(
  place: Place,
  displayName: string,
  nickname: string,
  kind: 'shared' | 'room',
): DirectoryUser {
  const mail = `${nickname}@${place.mailDomain}`;
  // Nobody signs in as a shared mailbox or a room: their accounts are disabled and have no licence.
  return {
    ...bare(place, displayName, nickname, kind),
    mail,
    proxyAddresses: [`SMTP:${mail}`],
    accountEnabled: false,
  };
}

function service(place: Place, nickname: string): DirectoryUser {
  return bare(place, `Service ${nickname}`, nickname, 'none');
}

function guest(place: Place, displayName: string, nickname: string): DirectoryUser {
  const mail = `${nickname}@adatum.com`;
  return {
    ...bare(place, displayName, nickname, 'none'),
    userPrincipalName: `${mail.replace('@', '_')}#EXT#@${place.initial}`,
    mail,
    otherMails: [mail],
    proxyAddresses: [`SMTP:${mail}`],
    userType: 'Guest',
  };
}

function makeContact(random: Random): Contact {
  const name = personName(random);
  const mail = `${name.nickname}@northwindtraders.com`;
  return {
    id: random.guid(),
    displayName: `${name.givenName} ${name.surname} (Northwind)`,
    givenName: name.givenName,
    surname: name.surname,
    mail,
    mailNickname: name.nickname.replace('.', ''),
    companyName: 'Northwind Traders',
    proxyAddresses: [`SMTP:${mail}`],
  };
}
