import { randomUUID } from 'node:crypto';
import { openPostgres, postgresDirectory } from '@mailsphere/storage/postgres';
import { openSqlite, sqliteDirectory } from '@mailsphere/storage/sqlite';
import fc from 'fast-check';
import pg from 'pg';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { testServer } from '../../packages/storage/test/postgres-server.ts';
import { type Authorized, authorizeOnce } from './histories/fleet.ts';
import { happen, type Tables } from './histories/happen.ts';
import { history } from './histories/history.ts';
import { keptHistories } from './histories/kept-histories.ts';

// A new key pair takes longer than a whole history, so all simulators sign with the same ones.
vi.mock('../../packages/simulator/src/login/signing-key.ts', async (original) => {
  const actual = await original<typeof import('../../packages/simulator/src/login/signing-key.ts')>();
  const keys = actual.createSigningKeys();
  return { ...actual, createSigningKeys: () => keys };
});

const asked = process.env.HISTORIES === undefined ? undefined : Number(process.env.HISTORIES);
// The same histories every time, so that a failure belongs to the change that it came with; others when a number is asked for.
const seed = asked === undefined ? 20_261_125 : undefined;

const databases = [
  {
    name: 'SQLite',
    runs: asked ?? 1_500,
    async open() {
      const database = openSqlite({ path: ':memory:' });
      const tables: Tables = {
        plain: sqliteDirectory(database),
        recording: sqliteDirectory(database, { changes: true }),
        async strayMembers() {
          const rows = await database.kysely
            .selectFrom('directory_members')
            .select('member_id')
            .where('group_row', 'not in', database.kysely.selectFrom('directory_groups').select('row'))
            .execute();
          return rows.length;
        },
      };
      return { tables, close: () => database.close() };
    },
  },
  {
    name: 'PostgreSQL',
    runs: asked ?? 500,
    async open() {
      const server = await testServer();
      const pool = new pg.Pool({ connectionString: server.url, max: 20 });
      const schema = `test_${randomUUID().replaceAll('-', '_')}`;
      const database = await openPostgres({ pool, schema });
      const tables: Tables = {
        plain: postgresDirectory(database),
        recording: postgresDirectory(database, { changes: true }),
        async strayMembers() {
          const groups = `select "row" from "${schema}".directory_groups`;
          const { rowCount } = await pool.query(
            `select from "${schema}".directory_members where group_row not in (${groups})`,
          );
          return rowCount ?? 0;
        },
      };
      return {
        tables,
        async close() {
          await pool.query(`drop schema "${schema}" cascade`);
          await pool.end();
          await server.close();
        },
      };
    },
  },
];

describe.each(databases)('the directory in $name', ({ runs, open }) => {
  let authorized: Authorized;
  beforeAll(async () => {
    authorized = await authorizeOnce();
  });

  it(`is the tenant's after each sync, whatever changed, failed and crashed: ${runs} histories`, {
    timeout: 60_000 + runs * 1_000,
  }, async () => {
    const { tables, close } = await open();
    try {
      const property = fc.asyncProperty(history, (given) => happen(authorized, tables, given));
      for (const { history: kept } of keptHistories) await happen(authorized, tables, kept);
      await fc.assert(property, { numRuns: runs, ...(seed !== undefined && { seed }) });
      expect(await tables.strayMembers()).toBe(0);
    } finally {
      await close();
    }
  });
});
