import type { CallOptions } from './call-options.ts';
import type { Change, Cursor, Page } from './page.ts';
import type { TenantRef } from './tenant.ts';

/** The collections of a directory, in the order in which they are synchronised. */
export const directoryKinds = ['domain', 'user', 'contact', 'group'] as const;
export type DirectoryKind = (typeof directoryKinds)[number];

/** A mail domain of the tenant. Its id is the domain name in lower case. */
export interface DirectoryDomain {
  readonly kind: 'domain';
  readonly id: string;
  readonly isDefault: boolean;
  readonly isInitial: boolean;
  readonly isVerified: boolean;
  /** Verified, and used for mail. */
  readonly acceptsMail: boolean;
}

/** An SMTP address as the service writes it. Addresses are compared without regard to case. */
export interface EmailAddress {
  readonly address: string;
  /** Of the address, in lower case. The tenant's own mail domains are those entries of kind `domain` that accept mail. */
  readonly domain: string;
  /** The address that mail is sent from; the others are aliases. */
  readonly primary: boolean;
}

/** What a mailbox is for: `linked` is one of an account in another forest, `other` whatever the service has no word for here. */
export type MailboxKind = 'user' | 'linked' | 'shared' | 'room' | 'equipment' | 'other';

export interface DirectoryUser {
  readonly kind: 'user';
  readonly id: string;
  readonly userPrincipalName: string;
  readonly displayName: string | undefined;
  readonly userType: 'member' | 'guest';
  /** Whether the user may sign in. Accounts of shared mailboxes and rooms usually may not. */
  readonly enabled: boolean;
  /** Whether a plan with a mailbox is assigned to the user; shared mailboxes and rooms often need none. */
  readonly licensed: boolean;
  /**
   * `undefined`: not known. The provider does not ask, may not ask or got no answer, or there is no mailbox. A change of it alone is no
   * change of the user: it is noticed when the user changes otherwise, and at the next full read.
   */
  readonly mailboxKind: MailboxKind | undefined;
  /** SMTP addresses, the primary one first. Empty for a user that has no mail. */
  readonly addresses: readonly EmailAddress[];
  /** Addresses of other kinds, with their prefix as the service writes it, such as `sip:anna@contoso.com` or `x500:/o=…`. */
  readonly otherAddresses: readonly string[];
}

/** A person outside the tenant whom its directory lists, so that groups can have them as members. */
export interface DirectoryContact {
  readonly kind: 'contact';
  readonly id: string;
  readonly displayName: string | undefined;
  readonly companyName: string | undefined;
  /** SMTP addresses, the primary one first. */
  readonly addresses: readonly EmailAddress[];
  readonly otherAddresses: readonly string[];
}

export type GroupType = 'distribution' | 'mail_enabled_security' | 'microsoft_365' | 'security';

export interface GroupMember {
  readonly id: string;
  readonly type: 'user' | 'group' | 'contact' | 'device' | 'service_principal' | 'other';
}

export interface DirectoryGroup {
  readonly kind: 'group';
  readonly id: string;
  readonly displayName: string | undefined;
  readonly groupType: GroupType;
  /** A rule decides who belongs to it. */
  readonly dynamicMembership: boolean;
  /** Only members see who belongs to it; the service shows it with the permission `hidden_members` is for, and else no members. */
  readonly hiddenMembership: boolean;
  /** SMTP addresses, the primary one first. */
  readonly addresses: readonly EmailAddress[];
  readonly otherAddresses: readonly string[];
  /**
   * Changes of the direct membership since the page before. A large group comes in several pages, each with some
   * of its members, so these are to be accumulated.
   */
  readonly members: {
    readonly added: readonly GroupMember[];
    readonly removed: readonly string[];
  };
}

export type DirectoryEntry = DirectoryDomain | DirectoryUser | DirectoryContact | DirectoryGroup;
export type DirectoryChange = Change<DirectoryEntry>;

export interface DirectoryReadOptions extends CallOptions {
  readonly cursor?: Cursor | undefined;
  /** Of kind `user`: only members of these groups and of the groups within them, listed whole: no delta follows. */
  readonly memberOf?: readonly string[] | undefined;
  /** Only these entries, 50 at most, as they are now, a group with all its members. No later round goes on from there. */
  readonly ids?: readonly string[] | undefined;
}

/** Something that the service does not show to the connector. */
export interface Omission {
  /** A stable word, such as `dynamic_distribution_groups`. */
  readonly code: string;
  /** One sentence for people. */
  readonly message: string;
}

/** The directory as a provider reads it. */
export interface DirectorySource {
  /**
   * Pages of changes since the cursor; without one, everything.
   * @throws ConnectorError `cursor_expired` when the service forgot the cursor: read everything again; `not_found` when a group of `memberOf` does not exist.
   */
  changes(
    tenant: TenantRef,
    kind: DirectoryKind,
    options?: DirectoryReadOptions,
  ): AsyncIterable<Page<DirectoryChange>>;
  /** What the service does not show to a connector that has been granted these permissions. @default nothing */
  omissions?(granted: readonly string[]): readonly Omission[];
}

/** What one page changed. */
export interface DirectoryBatch {
  readonly connectionId: string;
  readonly kind: DirectoryKind;
  /** The round that read it. It rises whenever everything is read anew, and every entry and membership of the batch is of it. */
  readonly generation: number;
  /**
   * Rises with every run of a sync of this connection. A batch of a lower epoch than one that was applied before comes from a process that
   * has lost its place to another: refuse it with `conflict`, whatever its kind and generation.
   */
  readonly epoch: number;
  /** In the order of the service. The same id may come more than once: the last one holds. */
  readonly changes: readonly DirectoryChange[];
  /**
   * True on the last batch of a full read: after these changes, entries and memberships of this connection and kind
   * that are of an older generation no longer exist.
   */
  readonly sweep: boolean;
}

/**
 * Where the directory goes: a host's own tables, or the ready-made ones. Removals come at the end of a round, when their number is known
 * to be believable, after everything else that the round brought.
 *
 * `testDirectorySink` of `@mailsphere/core/testing` tells when an implementation is complete.
 */
export interface DirectorySink {
  /**
   * At least once per page, in order; resolve only when stored. Applying a batch twice changes nothing.
   *
   * The generation of an entry or a membership never falls: a late batch of an older round must not make a newer sweep
   * remove what the newer round has seen. A removed group loses its members, also when it comes back.
   * @throws ConnectorError `conflict` when the batch's epoch is lower than one applied before, `storage_failed`
   */
  apply(batch: DirectoryBatch, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * How many entries of a kind are stored, and how many of these a sweep at `generation` would remove: those of an older one.
   * Asked at the end of a round, to hold a mass removal back before it is applied.
   */
  measure(
    connectionId: string,
    kind: DirectoryKind,
    generation: number,
  ): Promise<{ readonly stored: number; readonly stale: number }>;
  /**
   * Of these entries of a kind, 500 at most, those that are stored and of this generation or a newer one. What is told to be removed was
   * perhaps never stored, and what changed may just have entered the scope: this tells.
   */
  present(
    connectionId: string,
    kind: DirectoryKind,
    ids: readonly string[],
    generation: number,
  ): Promise<readonly string[]>;
  close?(): Promise<void>;
}
