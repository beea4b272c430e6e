import type {
  DirectoryContact,
  DirectoryKind,
  DirectorySink,
  DirectoryUser,
  EmailAddress,
  GroupEntry,
  GroupMember,
} from '@mailsphere/core';
import type { DirectoryEntries } from './entries.ts';

/**
 * The directory as tables, with the questions that hosts ask most. Ids and names are compared as they are, addresses whatever their case.
 * Each answer is of one moment. What a question is given is checked: all reject with ConnectorError `invalid_request`, which names the
 * field, for what is not of the documented type or range, and for options that are not known.
 */
export interface SqlDirectory extends DirectorySink {
  /**
   * The user, contact or group that has this SMTP address, as its primary one or as an alias, whatever the case of either; `undefined`
   * when nobody of this connection has it. The whole address is compared, so no part of it, no name and no user principal name
   * that is not an address finds anything.
   *
   * Two may have the same address while it moves from one to the other and only the new owner was read: the one whose addresses were
   * written last is found.
   */
  findAddress(connectionId: string, address: string): Promise<FoundAddress | undefined>;
  /**
   * The direct members of a group, ascending by id, all at once; none when the group is not known. Some may be of kinds, or have
   * ids, that the directory does not hold.
   */
  members(connectionId: string, groupId: string): Promise<readonly GroupMember[]>;
  /**
   * Every user and contact in the group and in the groups within it, once: the users, then the contacts, each ascending by id, and all at
   * once: of a group of 100,000 that is a list of 100,000. Who is not held by the directory is left out. Groups that contain each other
   * do no harm.
   */
  expandGroup(connectionId: string, groupId: string): Promise<readonly (DirectoryUser | DirectoryContact)[]>;
  /** The primary addresses of everybody that `expandGroup` gives, in its order; two that differ only in case count as one. */
  groupAddresses(connectionId: string, groupId: string): Promise<readonly string[]>;
  /** Entries of one kind, ascending by id (by code points), page by page. */
  list<Kind extends DirectoryKind>(
    connectionId: string,
    kind: Kind,
    options?: DirectoryListOptions,
  ): Promise<readonly DirectoryEntries[Kind][]>;
  /** How many the tables hold of this connection. */
  counts(connectionId: string): Promise<DirectoryTableCounts>;
  /**
   * What batches changed since a position, in order. A host that stores the position of the last change it has dealt with, and asks
   * from there on, gets every change at least once. A batch is visible with all its changes or not at all.
   *
   * @throws ConnectorError `invalid_options` with field `changes` when the directory was made without `changes: true`.
   */
  changes(connectionId: string, options?: DirectoryChangesOptions): Promise<readonly RecordedChange[]>;
  /**
   * Forgets the changes up to and with a position, a whole number, 0 or more.
   *
   * @throws ConnectorError `invalid_request` with field `upTo` for anything else; nothing is forgotten then.
   * @throws ConnectorError `invalid_options` as `changes`.
   */
  prune(connectionId: string, upTo: number): Promise<void>;
}

export interface SqlDirectoryOptions {
  /**
   * Whether every batch also records what it changed, for `changes`. What was stored before is not recorded. Turn it on in each process
   * that writes, or their batches are missing; and call `prune`, or the table grows for ever.
   *
   * @default false, because it costs time with every batch
   */
  readonly changes?: boolean | undefined;
}

/** Who has an address. */
export interface FoundAddress {
  readonly entry: DirectoryUser | DirectoryContact | GroupEntry;
  /** The address as the service writes it, and whether it is the primary one of `entry`. */
  readonly address: EmailAddress;
  /** The domain of the address is a domain of the tenant that accepts mail. False for most contacts. */
  readonly acceptsMail: boolean;
}

export interface DirectoryListOptions {
  /** Only ids greater than this one: the last id of the page before. */
  readonly after?: string | undefined;
  /** At most this many, from 1 to 10,000. @default 1000 */
  readonly limit?: number | undefined;
}

/** How many of each the tables hold. */
export type DirectoryTableCounts = Readonly<Record<DirectoryKind | 'address' | 'member', number>>;

export interface DirectoryChangesOptions {
  /** Only changes after this position: the last one of the page before. From the first one that is kept, by default. */
  readonly after?: number | undefined;
  /** At most this many, from 1 to 10,000. @default 1000 */
  readonly limit?: number | undefined;
}

/** One entry that a batch changed. What was stored again as it was is no change. */
export type RecordedChange = {
  readonly [Kind in DirectoryKind]: {
    /** Rises from change to change of a connection, with gaps. Not to be compared between connections. */
    readonly position: number;
    readonly kind: Kind;
    readonly id: string;
    readonly verb: 'created' | 'updated' | 'removed';
    /** `undefined` when it was created. */
    readonly before: DirectoryEntries[Kind] | undefined;
    /** `undefined` when it was removed. */
    readonly after: DirectoryEntries[Kind] | undefined;
    /** Of a group that was created or updated: ids of direct members that came and went. A removed group has lost all of them. */
    readonly members: { readonly added: readonly string[]; readonly removed: readonly string[] } | undefined;
    /** The round that the batch was of. */
    readonly generation: number;
  };
}[DirectoryKind];
