import { type ConsentMutations, createConsentMutations } from './consent-mutations.ts';
import { type ContactMutations, createContactMutations } from './contact-mutations.ts';
import { createMemberList, type DirectoryGroup } from './directory/group.ts';
import { distributionGroup, type Patch, type SimulatedTenant, type Tenant } from './directory/tenant.ts';
import { type DirectoryUser, EXCHANGE_PLANS, type MailboxKind } from './directory/user.ts';
import { createMailMutations, type MailMutations } from './mail-mutations.ts';
import { createSignInMutations, type SignInMutations } from './sign-in-mutations.ts';
import type { World } from './world.ts';

/** A user to add; what is left out follows from the nickname. */
export interface NewUser {
  readonly nickname: string;
  readonly displayName?: string;
  /** @default 'user' */
  readonly mailbox?: MailboxKind;
  /** Milliseconds until the mail paths of the user answer; the real ones take up to 15 minutes. @default 0 */
  readonly mailboxAfterMs?: number;
  readonly roles?: readonly string[];
  /** Roles that the user may activate (PIM). */
  readonly eligibleRoles?: readonly string[];
}

/** A group to add: a distribution list unless the traits say otherwise. */
export interface NewGroup {
  readonly nickname: string;
  readonly displayName?: string;
  readonly members?: readonly string[];
  readonly traits?: Partial<
    Pick<DirectoryGroup, 'mailEnabled' | 'securityEnabled' | 'groupTypes' | 'visibility' | 'mail'>
  >;
}

/** What tests do to a tenant. Users, groups and mailboxes are named by id, users by UPN as well. */
export interface Mutations extends MailMutations, ContactMutations, ConsentMutations, SignInMutations {
  addUser(tenantId: string, user: NewUser): DirectoryUser;
  /** `soft` goes to the deleted items and can be restored. @default 'soft' */
  removeUser(tenantId: string, user: string, how?: 'soft' | 'hard'): void;
  restoreUser(tenantId: string, userId: string): void;
  updateUser(tenantId: string, user: string, patch: Patch<DirectoryUser>): void;
  addGroup(tenantId: string, group: NewGroup): DirectoryGroup;
  /** `soft` goes to the deleted items and can be restored. @default 'soft' */
  removeGroup(tenantId: string, groupId: string, how?: 'soft' | 'hard'): void;
  restoreGroup(tenantId: string, groupId: string): void;
  updateGroup(tenantId: string, groupId: string, patch: Patch<DirectoryGroup>): void;
  addGroupMember(tenantId: string, groupId: string, memberId: string): void;
  removeGroupMember(tenantId: string, groupId: string, memberId: string): void;
  /** Every delta and page token of the tenant that is out is refused from now on. @default both kinds */
  expireTokens(tenantId: string, kind?: 'directory' | 'mail'): void;
}

/** @internal */
export function createMutations(world: World): Mutations {
  const tenantOf = (id: string): Tenant => {
    const tenant = world.tenants.find((one) => one.id === id || one.name === id);
    if (tenant === undefined) throw new RangeError(`There is no tenant '${id}'.`);
    return tenant;
  };
  const userOf = (tenant: Tenant, name: string): DirectoryUser => {
    const user = tenant.user(name);
    if (user === undefined) throw new RangeError(`There is no user '${name}'.`);
    return user;
  };
  const groupOf = (tenant: Tenant, id: string): DirectoryGroup => {
    const group = tenant.group(id);
    if (group === undefined) throw new RangeError(`There is no group '${id}'.`);
    return group;
  };
  return {
    ...createMailMutations(world, tenantOf),
    ...createContactMutations(world, tenantOf),
    ...createConsentMutations(world, tenantOf),
    ...createSignInMutations(world, tenantOf),
    addUser: (tenantId, given) => {
      const tenant = tenantOf(tenantId);
      const user = newUser(world, tenant, given);
      tenant.addUser(user);
      return user;
    },
    removeUser: (tenantId, user, how = 'soft') => {
      const tenant = tenantOf(tenantId);
      tenant.removeUser(userOf(tenant, user), how);
    },
    restoreUser: (tenantId, userId) => {
      const tenant = tenantOf(tenantId);
      tenant.restoreUser(userOf(tenant, userId));
    },
    updateUser: (tenantId, user, patch) => {
      const tenant = tenantOf(tenantId);
      tenant.updateUser(userOf(tenant, user), patch);
    },
    addGroup: (tenantId, given) => {
      const tenant = tenantOf(tenantId);
      const group = distributionGroup({
        id: world.random.guid(),
        displayName: given.displayName ?? given.nickname,
        mailNickname: given.nickname,
        domain: mailDomain(tenant),
        members: createMemberList(given.members),
        ...given.traits,
      });
      tenant.addGroup(group);
      return group;
    },
    removeGroup: (tenantId, groupId, how = 'soft') => {
      const tenant = tenantOf(tenantId);
      tenant.removeGroup(groupOf(tenant, groupId), how);
    },
    restoreGroup: (tenantId, groupId) => {
      const tenant = tenantOf(tenantId);
      tenant.restoreGroup(groupOf(tenant, groupId));
    },
    updateGroup: (tenantId, groupId, patch) => {
      const tenant = tenantOf(tenantId);
      tenant.updateGroup(groupOf(tenant, groupId), patch);
    },
    addGroupMember: (tenantId, groupId, memberId) => {
      const tenant = tenantOf(tenantId);
      tenant.addMember(groupOf(tenant, groupId), memberId);
    },
    removeGroupMember: (tenantId, groupId, memberId) => {
      const tenant = tenantOf(tenantId);
      tenant.removeMember(groupOf(tenant, groupId), memberId);
    },
    expireTokens: (tenantId, kind) => {
      const tenant = tenantOf(tenantId);
      if (kind !== 'mail') tenant.directoryGeneration += 1;
      if (kind !== 'directory') tenant.mailGeneration += 1;
    },
  };
}

function mailDomain(tenant: SimulatedTenant): string {
  return (
    tenant.domainRecords.find((domain) => domain.isDefault)?.id ??
    tenant.domains[0] ??
    `${tenant.name}.onmicrosoft.com`
  );
}

function newUser(world: World, tenant: Tenant, given: NewUser): DirectoryUser {
  const mailbox = given.mailbox ?? 'user';
  const address = `${given.nickname}@${mailDomain(tenant)}`;
  return {
    id: world.random.guid(),
    userPrincipalName: address,
    displayName: given.displayName ?? given.nickname,
    mail: mailbox === 'none' ? null : address,
    mailNickname: given.nickname,
    proxyAddresses: mailbox === 'none' ? [] : [`SMTP:${address}`],
    otherMails: [],
    accountEnabled: mailbox === 'user' || mailbox === 'none',
    userType: 'Member',
    businessPhones: [],
    createdDateTime: new Date(world.clock.now()).toISOString(),
    assignedPlans: mailbox === 'user' ? EXCHANGE_PLANS : [],
    mailbox,
    roles: given.roles ?? [],
    eligibleRoles: given.eligibleRoles ?? [],
    ...(given.mailboxAfterMs === undefined
      ? {}
      : { mailboxReadyAt: world.clock.now() + given.mailboxAfterMs }),
  };
}
