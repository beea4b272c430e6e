import { z } from 'zod';
import type { DirectoryEntry, DirectoryKind, EmailAddress, GroupType, MailboxKind } from './directory.ts';
import { parseOptions, plainObject } from './options.ts';

/**
 * Which entries of a tenant's directory a host wants. Without it, all. Of several conditions each must hold; of a list one is enough.
 *
 * What is out of scope is not handed to the sink, and what falls out of it is removed there, under the threshold for removals like
 * anything else that goes. Memberships are not filtered: a group may name members that are out of scope.
 */
export interface DirectoryScope {
  /** `false`: no users at all; they are not even read. */
  readonly users?: UserScope | false | undefined;
  readonly contacts?: ContactScope | false | undefined;
  readonly groups?: GroupScope | false | undefined;
}

export interface UserScope {
  readonly userTypes?: readonly ('member' | 'guest')[] | undefined;
  /** Only those that may sign in, or only those that may not. */
  readonly enabled?: boolean | undefined;
  /** Only those with a plan that has a mailbox, or only those without one. Shared mailboxes and rooms often have none. */
  readonly licensed?: boolean | undefined;
  /**
   * Only those whose mailbox is of one of these kinds. Whose kind is not known, for want of a mailbox, of a permission or of an answer, is let
   * through by `unknown` alone.
   */
  readonly mailboxKinds?: readonly (MailboxKind | 'unknown')[] | undefined;
  /** Only those that have an SMTP address, be it an alias, in one of these domains. */
  readonly domains?: readonly string[] | undefined;
  /**
   * Ids of groups of the tenant, twenty at most: only their members, and the members of groups within them. These users are then listed
   * whole in every run, instead of asked for changes.
   */
  readonly memberOf?: readonly string[] | undefined;
}

export interface ContactScope {
  readonly domains?: readonly string[] | undefined;
}

export interface GroupScope {
  readonly groupTypes?: readonly GroupType[] | undefined;
  /** Only those that have an SMTP address, be it an alias, in one of these domains. */
  readonly domains?: readonly string[] | undefined;
}

const oneOf = <T extends string>(...values: readonly [T, ...T[]]) =>
  z
    .array(z.enum(values, `must be one of ${values.join(', ')}`))
    .min(1, 'must name at least one: an empty list would let nothing through')
    .transform((all) => [...new Set(all)].sort())
    .optional();

const domains = z
  .array(
    z
      .string('must be a domain such as contoso.com')
      .trim()
      .toLowerCase()
      .regex(/^[^\s@*]+\.[^\s@.*]+$/, 'must be a domain such as contoso.com'),
  )
  .min(1, 'must name at least one: an empty list would let nothing through')
  .transform((all) => [...new Set(all)].sort())
  .optional();

const scopeSchema = z.strictObject({
  users: z
    .union([
      z.literal(false),
      z.strictObject({
        userTypes: oneOf('member', 'guest'),
        enabled: z.boolean('must be true or false').optional(),
        licensed: z.boolean('must be true or false').optional(),
        mailboxKinds: oneOf('user', 'linked', 'shared', 'room', 'equipment', 'other', 'unknown'),
        domains,
        memberOf: z
          .array(
            z
              .string('must be the id of a group')
              .regex(/^[0-9a-z-]{1,100}$/i, 'must be the id of a group, not its name'),
          )
          .min(1, 'must name at least one group: an empty list would let nobody through')
          .max(20, 'must name 20 groups at most')
          .transform((all) => [...new Set(all)].sort())
          .optional(),
      }),
    ])
    .optional(),
  contacts: z.union([z.literal(false), z.strictObject({ domains })]).optional(),
  groups: z
    .union([
      z.literal(false),
      z.strictObject({
        groupTypes: oneOf('distribution', 'mail_enabled_security', 'microsoft_365', 'security'),
        domains,
      }),
    ])
    .optional(),
});

/** @throws ConnectorError `invalid_options` that names the first wrong field */
export const parseScope = (scope: unknown): DirectoryScope =>
  parseOptions('directorySync.scope', plainObject.pipe(scopeSchema), scope);

const partOf = (scope: DirectoryScope, kind: DirectoryKind) => {
  switch (kind) {
    case 'domain':
      return undefined;
    case 'user':
      return scope.users;
    case 'contact':
      return scope.contacts;
    case 'group':
      return scope.groups;
  }
};

/** What is selected of a kind, as text: the same text, the same selection. `undefined` when it is everything. */
export function selectionOf(scope: DirectoryScope, kind: DirectoryKind): string | undefined {
  const part = partOf(scope, kind);
  if (part === undefined) return undefined;
  const text = JSON.stringify(part);
  return text === '{}' ? undefined : text;
}

/** Whether entries of the kind are wanted at all. */
export const isWanted = (scope: DirectoryScope, kind: DirectoryKind): boolean =>
  partOf(scope, kind) !== false;

/** Whether an entry fulfils all conditions but `memberOf`, which the service answers. */
export function isInScope(scope: DirectoryScope, entry: DirectoryEntry): boolean {
  switch (entry.kind) {
    case 'domain':
      return true;
    case 'user': {
      if (scope.users === false) return false;
      const { userTypes, enabled, licensed, mailboxKinds, domains } = scope.users ?? {};
      return (
        (userTypes?.includes(entry.userType) ?? true) &&
        (enabled ?? entry.enabled) === entry.enabled &&
        (licensed ?? entry.licensed) === entry.licensed &&
        (mailboxKinds?.includes(entry.mailboxKind ?? 'unknown') ?? true) &&
        isAmong(entry.addresses, domains)
      );
    }
    case 'contact':
      return scope.contacts !== false && isAmong(entry.addresses, scope.contacts?.domains);
    case 'group':
      return (
        scope.groups !== false &&
        (scope.groups?.groupTypes?.includes(entry.groupType) ?? true) &&
        isAmong(entry.addresses, scope.groups?.domains)
      );
  }
}

const isAmong = (addresses: readonly EmailAddress[], domains: readonly string[] | undefined) =>
  domains === undefined || addresses.some(({ domain }) => domains.includes(domain));
