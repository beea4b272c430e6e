import type { Generated } from 'kysely';
import type { DirectoryTables } from '../directory/tables.ts';

/** The tables of the database file, for queries of one's own. Columns may be added, never renamed or removed. */
export interface SqliteTables extends DirectoryTables<number> {
  /** The SDK's own state. */
  readonly records: {
    /** Of one sequence for all records, so that no record ever gets a version again. */
    readonly version: Generated<number>;
    readonly collection: string;
    readonly id: string;
    /** JSON. */
    readonly value: string;
  };
}
