import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorageAdapter } from '@mailsphere/core';
import { openPostgres, postgresStorage } from '@mailsphere/storage/postgres';
import { openSqlite, sqliteStorage } from '@mailsphere/storage/sqlite';
import pg from 'pg';
import { testServer } from '../../packages/storage/test/postgres-server.ts';

export interface OpenedStorage {
  readonly storage: StorageAdapter;
  close(): Promise<void>;
}

/** The durable storages that come with the SDK, each new and empty. */
export const storages: readonly { readonly name: string; open(): Promise<OpenedStorage> }[] = [
  {
    name: 'SQLite',
    async open() {
      const folder = await mkdtemp(join(tmpdir(), 'mailsphere-'));
      const database = openSqlite({ path: join(folder, 'state.sqlite') });
      return {
        storage: sqliteStorage(database),
        async close() {
          await database.close();
          await rm(folder, { recursive: true });
        },
      };
    },
  },
  {
    name: 'PostgreSQL',
    async open() {
      const server = await testServer();
      const pool = new pg.Pool({ connectionString: server.url, max: 20 });
      const schema = `test_${randomUUID().replaceAll('-', '_')}`;
      return {
        storage: postgresStorage(await openPostgres({ pool, schema })),
        async close() {
          await pool.query(`drop schema "${schema}" cascade`);
          await pool.end();
          await server.close();
        },
      };
    },
  },
];
