import type { StorageAdapter } from '@mailsphere/core';
import { openPostgres, postgresDirectory, postgresStorage } from '@mailsphere/storage/postgres';
import { openSqlite, type SqlDirectory, sqliteDirectory, sqliteStorage } from '@mailsphere/storage/sqlite';
import pg from 'pg';

/** Where a database is; as JSON it can be told to another process. */
export type DatabasePlace = { readonly path: string } | { readonly url: string; readonly schema: string };

export interface OpenedDatabase {
  readonly storage: StorageAdapter;
  readonly directory: SqlDirectory;
  close(): Promise<void>;
}

/** Opens storage and directory in one database, beside whoever else has it open. */
export async function openPlace(place: DatabasePlace): Promise<OpenedDatabase> {
  if ('path' in place) {
    const database = openSqlite({ path: place.path });
    return {
      storage: sqliteStorage(database),
      directory: sqliteDirectory(database),
      close: () => database.close(),
    };
  }
  const pool = new pg.Pool({ connectionString: place.url, max: 20 });
  const database = await openPostgres({ pool, schema: place.schema });
  return {
    storage: postgresStorage(database),
    directory: postgresDirectory(database),
    close: () => pool.end(),
  };
}
