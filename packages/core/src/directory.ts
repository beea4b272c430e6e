import type { CallOptions } from './call-options.ts';
import type { Change, Cursor, Page } from './page.ts';
import type { TenantRef } from './tenant.ts';

/** The collections of a directory, in the order in which they are synchronised. */
export const directoryKinds = ['domain', 'user', 'group'] as const;
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
  /** The address that mail is sent from; the others are aliases. */
  readonly primary: boolean;
}

export interface DirectoryUser {
  readonly kind: 'user';
  readonly id: string;
  readonly userPrincipalName: string;
  readonly displayName: string | undefined;
  readonly userType: 'member' | 'guest';
  readonly enabled: boolean;
  /** SMTP addresses, the primary one first. Empty for a user that has no mail. */
  readonly addresses: readonly EmailAddress[];
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
  /** SMTP addresses, the primary one first. */
  readonly addresses: readonly EmailAddress[];
  /**
   * Changes of the direct membership since the page before. A large group comes in several pages, each with some
   * of its members, so these are to be accumulated.
   */
  readonly members: {
    readonly added: readonly GroupMember[];
    readonly removed: readonly string[];
  };
}

export type DirectoryEntry = DirectoryDomain | DirectoryUser | DirectoryGroup;
export type DirectoryChange = Change<DirectoryEntry>;

/** The directory as a provider reads it. */
export interface DirectorySource {
  /**
   * Pages of changes since the cursor; without one, everything.
   * @throws ConnectorError `cursor_expired` when the service forgot the cursor: read everything again.
   */
  changes(
    tenant: TenantRef,
    kind: DirectoryKind,
    options?: { readonly cursor?: Cursor | undefined } & CallOptions,
  ): AsyncIterable<Page<DirectoryChange>>;
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
 * Where the directory goes: a host's own tables, or the ready-made ones. In this version removals come as the service reports them.
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
  close?(): Promise<void>;
}
