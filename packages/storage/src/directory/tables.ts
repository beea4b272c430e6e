import type { DirectoryKind, DirectoryUser, GroupMember, GroupType, MailboxKind } from '@mailsphere/core';
import type { Generated } from 'kysely';

/** The kinds of entries that have addresses. */
export type OwnerKind = Exclude<DirectoryKind, 'domain'>;

/**
 * The tables of the directory.
 *
 * @typeParam Flag How the database says yes and no: 1 and 0 in SQLite, `boolean` in PostgreSQL.
 */
export interface DirectoryTables<Flag = number | boolean> {
  /** Of each connection, the highest epoch that wrote: batches of lower ones are refused. */
  readonly directory_epochs: {
    readonly connection_id: string;
    readonly epoch: number;
  };
  readonly directory_domains: DirectoryRow & {
    readonly is_default: Flag;
    readonly is_initial: Flag;
    readonly is_verified: Flag;
    readonly accepts_mail: Flag;
  };
  readonly directory_users: DirectoryRow & {
    readonly user_principal_name: string;
    readonly display_name: string | null;
    readonly user_type: DirectoryUser['userType'];
    readonly enabled: Flag;
    /** `null`: stored by an older version, and not read since. The next full read fills it. */
    readonly licensed: Flag | null;
    /** `null`: not known. */
    readonly mailbox_kind: MailboxKind | null;
    /** JSON, a list of texts. */
    readonly other_addresses: string;
  };
  readonly directory_contacts: DirectoryRow & {
    readonly display_name: string | null;
    readonly company_name: string | null;
    /** JSON, a list of texts. */
    readonly other_addresses: string;
  };
  readonly directory_groups: DirectoryRow & {
    readonly display_name: string | null;
    readonly group_type: GroupType;
    /** `null`: stored by an older version, and not read since. The next full read fills it. */
    readonly dynamic_membership: Flag | null;
    /** `null` as `dynamic_membership`. */
    readonly hidden_membership: Flag | null;
    /** JSON, a list of texts. */
    readonly other_addresses: string;
  };
  readonly directory_addresses: {
    /** Rises with every write. */
    readonly written: Generated<number>;
    readonly connection_id: string;
    readonly owner_kind: OwnerKind;
    /** `row` of the user, contact or group. */
    readonly owner_row: number;
    /** From 0 on, in the order of the service: the primary address first. */
    readonly position: number;
    readonly address: string;
    readonly address_lower: string;
    /** In lower case. */
    readonly domain: string;
    readonly is_primary: Flag;
  };
  readonly directory_members: {
    readonly group_row: number;
    readonly member_id: string;
    readonly member_type: GroupMember['type'];
    readonly generation: number;
  };
  /** What batches changed, for hosts that asked to have it recorded. */
  readonly directory_changes: {
    /** Rises from batch to batch of a connection, and within one. */
    readonly sequence: Generated<number>;
    readonly connection_id: string;
    readonly kind: DirectoryKind;
    readonly id: string;
    readonly verb: 'created' | 'updated' | 'removed';
    /** JSON of the entry; `null` when there was none. */
    readonly before: string | null;
    /** JSON of the entry; `null` when there is none any more. */
    readonly after: string | null;
    /** JSON, `{ added, removed }`: ids of members; `null` for other kinds than groups, and for removed groups. */
    readonly members: string | null;
    readonly generation: number;
  };
}

/** The table of each kind. */
export const TABLES = {
  domain: 'directory_domains',
  user: 'directory_users',
  contact: 'directory_contacts',
  group: 'directory_groups',
} as const satisfies Record<DirectoryKind, keyof DirectoryTables>;

interface DirectoryRow {
  /** Names the row within its table, as long as the entry exists. */
  readonly row: Generated<number>;
  readonly connection_id: string;
  readonly id: string;
  /** The round that saw it last. */
  readonly generation: number;
}
