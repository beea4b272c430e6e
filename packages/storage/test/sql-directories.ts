import { join } from 'node:path';
import {
  type DirectoryBatch,
  type DirectoryChange,
  type DirectoryEntry,
  type DirectoryKind,
  directoryKinds,
} from '@mailsphere/core';
import { afterAll, onTestFinished } from 'vitest';
import { openPostgres, postgresDirectory } from '../src/postgres/index.ts';
import {
  openSqlite,
  type SqlDirectory,
  type SqlDirectoryOptions,
  sqliteDirectory,
} from '../src/sqlite/index.ts';
import { removeTemporaryFolders, temporaryFolder } from './node/temporary-folder.ts';
import { testDatabase } from './postgres-database.ts';

/** A directory with short ways to fill it. */
interface OpenDirectory {
  readonly directory: SqlDirectory;
  readonly apply: (
    kind: DirectoryKind,
    changes: readonly DirectoryChange[],
    more?: Partial<DirectoryBatch>,
  ) => Promise<void>;
  readonly store: (entries: readonly DirectoryEntry[], more?: Partial<DirectoryBatch>) => Promise<void>;
}

export const batch = (
  kind: DirectoryKind,
  changes: readonly DirectoryChange[],
  more: Partial<DirectoryBatch> = {},
): DirectoryBatch => ({
  connectionId: 'one',
  kind,
  generation: 1,
  epoch: 1,
  sweep: false,
  changes,
  ...more,
});

export const upserted = (item: DirectoryEntry): DirectoryChange => ({ type: 'upserted', item });
export const removed = (id: string): DirectoryChange => ({ type: 'removed', id, reason: 'permanent' });

/** Both databases, for `describe.each`. Each directory is empty, and gone with its test. */
export function sqlDirectories() {
  const database = testDatabase();
  afterAll(removeTemporaryFolders);
  return [
    {
      name: 'SQLite',
      open: async (options?: SqlDirectoryOptions) => {
        const opened = openSqlite({ path: join(temporaryFolder(), 'directory.sqlite') });
        onTestFinished(() => opened.close());
        return withShortcuts(sqliteDirectory(opened, options));
      },
    },
    {
      name: 'PostgreSQL',
      open: async (options?: SqlDirectoryOptions) => {
        const opened = await openPostgres({ pool: database.pool, schema: database.newSchema() });
        return withShortcuts(postgresDirectory(opened, options));
      },
    },
  ] as const;
}

function withShortcuts(directory: SqlDirectory): OpenDirectory {
  const apply: OpenDirectory['apply'] = (kind, changes, more) => directory.apply(batch(kind, changes, more));
  return {
    directory,
    apply,
    async store(entries, more) {
      for (const kind of directoryKinds) {
        const items = entries.filter((entry) => entry.kind === kind);
        if (items.length > 0) await apply(kind, items.map(upserted), more);
      }
    },
  };
}
