import type { Mailbox } from '../mail/mailbox.ts';
import { type ChangeLog, createChangeLog } from './change-log.ts';
import type { ConsentRequest } from './consent-request.ts';
import type { Contact } from './contact.ts';
import type { Domain } from './domain.ts';
import { createMemberList, type DirectoryGroup, type MemberObject, type MemberType } from './group.ts';
import type { ServicePrincipal } from './service-principal.ts';
import type { TenantPolicy } from './tenant-policy.ts';
import type { DirectoryUser } from './user.ts';

/** Somebody who can sign in. */
export interface Account {
  readonly id: string;
  /** What is typed at sign-in. */
  readonly username: string;
  readonly displayName: string;
}

/** A customer's tenant as tests and hosts see it. */
export interface SimulatedTenant {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  /** Names of the verified domains, the initial one first. */
  readonly domains: readonly string[];
  /** The Global Administrator. */
  readonly administrator: Account;
  /** Others by what they are, as far as the tenant is large enough to have them. */
  readonly accounts: {
    readonly administrator: Account;
    readonly privilegedRoleAdministrator?: Account;
    readonly applicationAdministrator?: Account;
    readonly member?: Account;
    readonly guest?: Account;
  };
  /** The domains as Graph shows them, unverified ones too. */
  readonly domainRecords: readonly Domain[];
  /** Users that are not deleted; made anew after a change, so keep it while you loop. */
  readonly users: readonly DirectoryUser[];
  readonly groups: readonly DirectoryGroup[];
  readonly contacts: readonly Contact[];
  /** Ids of the users who have a mailbox. */
  readonly mailboxes: readonly string[];
  /** The mailbox of a user, by id. */
  mailbox(userId: string): Mailbox | undefined;
  /** Application permissions granted to the app, by value. */
  readonly grants: readonly string[];
  /** What the tenant's administrators decided about consent and sign-in; change it with {@link Mutations.updatePolicy}. */
  readonly policy: TenantPolicy;
  /** Requests for consent that people without the role filed, oldest first. */
  readonly consentRequests: readonly ConsentRequest[];
}

/** A property bag that changes a user, a contact or a group. */
export type Patch<T> = { -readonly [Key in keyof T]?: T[Key] | null };

/** @internal The tenant as the services see it. */
export interface Tenant extends SimulatedTenant {
  readonly userOrder: readonly DirectoryUser[];
  readonly groupOrder: readonly DirectoryGroup[];
  readonly contactOrder: readonly Contact[];
  readonly log: ChangeLog;
  readonly servicePrincipal: ServicePrincipal;
  /** The service principal of Microsoft Graph in this tenant. */
  readonly graphPrincipalId: string;
  policy: TenantPolicy;
  readonly consentRequests: ConsentRequest[];
  deleted: boolean;
  /** Continuous access tokens of an earlier generation are challenged. */
  tokenGeneration: number;
  /** Directory tokens of an earlier generation are refused. */
  directoryGeneration: number;
  /** Mail tokens of an earlier generation are refused. */
  mailGeneration: number;
  user(idOrName: string): DirectoryUser | undefined;
  group(id: string): DirectoryGroup | undefined;
  member(id: string): { readonly type: MemberType; readonly object: MemberObject } | undefined;
  addUser(user: DirectoryUser): void;
  updateUser(user: DirectoryUser, patch: Patch<DirectoryUser>): void;
  removeUser(user: DirectoryUser, how: 'soft' | 'hard'): void;
  restoreUser(user: DirectoryUser): void;
  addContact(contact: Contact): void;
  updateContact(contact: Contact, patch: Patch<Contact>): void;
  removeContact(contact: Contact): void;
  addGroup(group: DirectoryGroup): void;
  updateGroup(group: DirectoryGroup, patch: Patch<DirectoryGroup>): void;
  removeGroup(group: DirectoryGroup, how: 'soft' | 'hard'): void;
  restoreGroup(group: DirectoryGroup): void;
  addMember(group: DirectoryGroup, memberId: string): void;
  removeMember(group: DirectoryGroup, memberId: string): void;
}

/** @internal What a tenant is made from. */
export interface TenantParts {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly domainRecords: readonly Domain[];
  readonly accounts: SimulatedTenant['accounts'];
  readonly users: DirectoryUser[];
  readonly groups: DirectoryGroup[];
  readonly contacts: Contact[];
  readonly servicePrincipal: ServicePrincipal;
  readonly graphPrincipalId: string;
  readonly policy: TenantPolicy;
  /** Makes the mailbox of a user, once, when it is first asked for. */
  openMailbox(user: DirectoryUser): Mailbox;
}

/** @internal Creates a tenant out of its parts. */
export function createTenant(parts: TenantParts): Tenant {
  const { users, groups, contacts } = parts;
  const objects = new Map<string, { readonly type: MemberType; readonly object: MemberObject }>();
  const names = new Map<string, DirectoryUser>();
  const mailboxes = new Map<string, Mailbox>();
  const log = createChangeLog();
  let present: readonly DirectoryUser[] | undefined;
  const index = (user: DirectoryUser) => {
    objects.set(user.id, { type: 'user', object: user });
    names.set(user.userPrincipalName.toLowerCase(), user);
  };
  for (const user of users) index(user);
  for (const group of groups) objects.set(group.id, { type: 'group', object: group });
  for (const contact of contacts) objects.set(contact.id, { type: 'orgContact', object: contact });
  // Members stay on record while an object is soft-deleted, so that a restore brings them back.
  // A group that is soft-deleted meanwhile has to tell it once it is restored.
  const groupsOf = (id: string) =>
    groups.filter((group) => group.deleted !== 'hard' && group.members.has(id));
  const tellGroups = (id: string, type: MemberType, removed: boolean) => {
    for (const group of groupsOf(id))
      log.append({ kind: 'group', id: group.id, member: { id, type, removed } });
  };
  const apply = <T extends object>(target: T, patch: Patch<T>): string[] => {
    const keys = Object.keys(patch) as (keyof T & string)[];
    return keys.filter((key) => {
      const value = patch[key];
      if (value === undefined || target[key] === value) return false;
      target[key] = value as T[typeof key];
      return true;
    });
  };

  return {
    ...parts,
    domains: parts.domainRecords.filter((domain) => domain.isVerified).map((domain) => domain.id),
    administrator: parts.accounts.administrator,
    get users() {
      present ??= users.filter((user) => user.deleted === undefined);
      return present;
    },
    get groups() {
      return groups.filter((group) => group.deleted === undefined);
    },
    get contacts() {
      return contacts.filter((contact) => contact.deleted === undefined);
    },
    get mailboxes() {
      return users
        .filter((user) => user.mailbox !== 'none' && user.deleted === undefined)
        .map((user) => user.id);
    },
    get grants() {
      return [...parts.servicePrincipal.grants.keys()].sort();
    },
    mailbox: (userId) => {
      const user = objects.get(userId)?.object as DirectoryUser | undefined;
      if (user === undefined || !('mailbox' in user) || user.mailbox === 'none' || user.deleted !== undefined)
        return undefined;
      let mailbox = mailboxes.get(userId);
      if (mailbox === undefined) {
        mailbox = parts.openMailbox(user);
        mailboxes.set(userId, mailbox);
      }
      return mailbox;
    },
    userOrder: users,
    groupOrder: groups,
    contactOrder: contacts,
    log,
    consentRequests: [],
    deleted: false,
    tokenGeneration: 1,
    directoryGeneration: 1,
    mailGeneration: 1,
    user: (idOrName) => {
      const found = objects.get(idOrName.toLowerCase());
      if (found?.type === 'user') return found.object as DirectoryUser;
      return names.get(idOrName.toLowerCase());
    },
    group: (id) => {
      const found = objects.get(id.toLowerCase());
      return found?.type === 'group' ? (found.object as DirectoryGroup) : undefined;
    },
    member: (id) => objects.get(id),
    addUser: (user) => {
      present = undefined;
      users.push(user);
      index(user);
      log.append({ kind: 'user', id: user.id });
    },
    updateUser: (user, patch) => {
      const before = user.userPrincipalName.toLowerCase();
      const properties = apply(user, patch);
      if (properties.length === 0) return;
      names.delete(before);
      index(user);
      log.append({ kind: 'user', id: user.id, properties });
    },
    removeUser: (user, how) => {
      present = undefined;
      const before = user.deleted;
      user.deleted = how;
      names.delete(user.userPrincipalName.toLowerCase());
      log.append({ kind: 'user', id: user.id });
      if (before === undefined) tellGroups(user.id, 'user', true);
      if (how === 'hard') for (const group of groups) group.members.remove(user.id);
    },
    restoreUser: (user) => {
      if (user.deleted !== 'soft') throw new RangeError(`User ${user.id} is not soft-deleted.`);
      present = undefined;
      delete user.deleted;
      index(user);
      log.append({ kind: 'user', id: user.id });
      tellGroups(user.id, 'user', false);
    },
    addContact: (contact) => {
      contacts.push(contact);
      objects.set(contact.id, { type: 'orgContact', object: contact });
      log.append({ kind: 'orgContact', id: contact.id });
    },
    updateContact: (contact, patch) => {
      const properties = apply(contact, patch);
      if (properties.length > 0) log.append({ kind: 'orgContact', id: contact.id, properties });
    },
    removeContact: (contact) => {
      contact.deleted = 'hard';
      log.append({ kind: 'orgContact', id: contact.id });
      tellGroups(contact.id, 'orgContact', true);
      for (const group of groups) group.members.remove(contact.id);
    },
    addGroup: (group) => {
      groups.push(group);
      objects.set(group.id, { type: 'group', object: group });
      log.append({ kind: 'group', id: group.id });
    },
    updateGroup: (group, patch) => {
      const properties = apply(group, patch);
      if (properties.length > 0) log.append({ kind: 'group', id: group.id, properties });
    },
    removeGroup: (group, how) => {
      group.deleted = how;
      log.append({ kind: 'group', id: group.id });
      tellGroups(group.id, 'group', true);
    },
    restoreGroup: (group) => {
      if (group.deleted !== 'soft') throw new RangeError(`Group ${group.id} is not soft-deleted.`);
      delete group.deleted;
      log.append({ kind: 'group', id: group.id });
      tellGroups(group.id, 'group', false);
    },
    addMember: (group, memberId) => {
      const type = objects.get(memberId)?.type;
      if (type === undefined) throw new RangeError(`There is no object ${memberId} that could be a member.`);
      if (group.members.add(memberId))
        log.append({ kind: 'group', id: group.id, member: { id: memberId, type, removed: false } });
    },
    removeMember: (group, memberId) => {
      const type = objects.get(memberId)?.type ?? 'user';
      if (group.members.remove(memberId))
        log.append({ kind: 'group', id: group.id, member: { id: memberId, type, removed: true } });
    },
  };
}

/** @internal Creates a group with the defaults of a distribution list. */
export function distributionGroup(
  group: Pick<DirectoryGroup, 'id' | 'displayName' | 'mailNickname'> &
    Partial<DirectoryGroup> & { readonly domain: string },
): DirectoryGroup {
  const { domain, ...given } = group;
  const mail = `${group.mailNickname}@${domain}`;
  return {
    mail,
    mailEnabled: true,
    securityEnabled: false,
    groupTypes: [],
    proxyAddresses: [`SMTP:${mail}`],
    visibility: null,
    createdDateTime: '2024-02-01T08:00:00Z',
    members: createMemberList(),
    ...given,
  };
}
