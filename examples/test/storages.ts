import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { testServer } from '../../packages/storage/test/postgres-server.ts';
import { type DatabasePlace, type OpenedDatabase, openPlace } from './database-place.ts';

export interface OpenedStorage extends OpenedDatabase {
  readonly place: DatabasePlace;
}

/** The durable storages that come with the SDK, each new and empty, with a directory in the same database. */
export const storages: readonly { readonly name: string; open(): Promise<OpenedStorage> }[] = [
  {
    name: 'SQLite',
    async open() {
      const folder = await mkdtemp(join(tmpdir(), 'mailsphere-'));
      const place = { path: join(folder, 'state.sqlite') };
      const opened = await openPlace(place);
      return {
        ...opened,
        place,
        async close() {
          await opened.close();
          await rm(folder, { recursive: true });
        },
      };
    },
  },
  {
    name: 'PostgreSQL',
    async open() {
      const server = await testServer();
      const place = { url: server.url, schema: `test_${randomUUID().replaceAll('-', '_')}` };
      const opened = await openPlace(place);
      return {
        ...opened,
        place,
        async close() {
          await opened.close();
          const client = new pg.Client({ connectionString: server.url });
          await client.connect();
          await client.query(`drop schema "${place.schema}" cascade`);
          await client.end();
          await server.close();
        },
      };
    },
  },
];
