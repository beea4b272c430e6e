import type { DirectoryUser, GroupMember, GroupType } from '@mailsphere/core';
import type { Generated } from 'kysely';

/** The tables of the database file, for queries of one's own. Columns may be added, never renamed or removed. */
export interface SqliteTables {
  /** The SDK's own state. */
  readonly records: {
    /** Of one sequence for all records, so that no record ever gets a version again. */
    readonly version: Generated<number>;
    readonly collection: string;
    readonly id: string;
    /** JSON. */
    readonly value: string;
  };
  /** Of each connection, the highest epoch that wrote: batches of lower ones are refused. */
  readonly directory_epochs: {
    readonly connection_id: string;
    readonly epoch: number;
  };
  readonly directory_domains: DirectoryRow & {
    readonly is_default: number;
    readonly is_initial: number;
    readonly is_verified: number;
    readonly accepts_mail: number;
  };
  readonly directory_users: DirectoryRow & {
    readonly user_principal_name: string;
    readonly display_name: string | null;
    readonly user_type: DirectoryUser['userType'];
    readonly enabled: number;
  };
  readonly directory_groups: DirectoryRow & {
    readonly display_name: string | null;
    readonly group_type: GroupType;
  };
  readonly directory_addresses: {
    /** Rises with every write. */
    readonly written: Generated<number>;
    readonly connection_id: string;
    readonly owner_kind: 'user' | 'group';
    /** `row` of the user or group. */
    readonly owner_row: number;
    /** From 0 on, in the order of the service: the primary address first. */
    readonly position: number;
    readonly address: string;
    readonly address_lower: string;
    readonly is_primary: number;
  };
  readonly directory_members: {
    readonly group_row: number;
    readonly member_id: string;
    readonly member_type: GroupMember['type'];
    readonly generation: number;
  };
}

interface DirectoryRow {
  /** Names the row within its table, as long as the entry exists. */
  readonly row: Generated<number>;
  readonly connection_id: string;
  readonly id: string;
  /** The round that saw it last. */
  readonly generation: number;
}
