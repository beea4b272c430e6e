import type { DirectorySinkUnderTest } from '@mailsphere/core/testing';
import { testDirectorySink } from '@mailsphere/core/testing';
import pg from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { openPostgres, postgresDirectory } from '../src/postgres/index.ts';
import { underTest } from './node/directory-under-test.ts';
import { failureOf, testDatabase } from './postgres-database.ts';
import { user } from './sample-entries.ts';
import { batch, upserted } from './sql-directories.ts';

const database = testDatabase();

const isolations = ['read\\ committed', 'serializable'];
const cases = isolations.flatMap((isolation) => [false, true].map((changes) => ({ isolation, changes })));

describe.each(cases)('PostgreSQL, $isolation by default, with changes recorded: $changes', (options) => {
  const schemas = new WeakMap<object, string>();
  const create = async (schema = database.newSchema()) => {
    const pool = database.newPool({ options: `-c default_transaction_isolation=${options.isolation}` });
    const opened = await openPostgres({ pool, schema });
    const directory = underTest(postgresDirectory(opened, options));
    schemas.set(directory, schema);
    return directory;
  };
  const reopen = (directory: DirectorySinkUnderTest) => create(schemas.get(directory));
  testDirectorySink({ describe, it }, () => create(), { reopen });
});

describe('postgresDirectory', () => {
  it('refuses a pool that cannot lend a connection, and names the field', async () => {
    const { pool } = database;
    const opened = { pool: { query: pool.query.bind(pool) }, schema: 'x' };
    expect(() => postgresDirectory(opened as never)).toThrow(
      expect.objectContaining({ code: 'invalid_options', field: 'pool' }),
    );
  });

  it('lets only the process that took over write, while two pools race, and keeps changes in order', async () => {
    const schema = database.newSchema();
    const [old, young] = await Promise.all(
      [database.newPool(), database.newPool()].map(async (pool) =>
        postgresDirectory(await openPostgres({ pool, schema }), { changes: true }),
      ),
    );
    if (!old || !young) throw new Error('two directories are needed');
    const write = (directory: typeof old, epoch: number, time: number) =>
      directory.apply(batch('user', [upserted(user('u1', { displayName: `${epoch}/${time}` }))], { epoch }));
    const times = Array.from({ length: 50 }, (_, time) => time);
    const outcomes = await Promise.allSettled(
      times.flatMap((time) => [write(old, 1, time), ...(time < 25 ? [] : [write(young, 2, time)])]),
    );
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conflict' });
    await expect(write(old, 1, 99)).rejects.toMatchObject({ code: 'conflict' });
    const changes = await young.changes('one');
    for (const [index, { before }] of changes.entries()) expect(before).toEqual(changes[index - 1]?.after);
    expect(await young.list('one', 'user')).toEqual([changes.at(-1)?.after]);
  });

  it('is not misled by the parsers of types that the host has set', async () => {
    const getTypeParser = (oid: number) => (oid === pg.types.builtins.TEXT ? String : () => 'misled');
    const pool = database.newPool({ types: { getTypeParser } as never });
    const opened = await openPostgres({ pool: database.pool, schema: database.newSchema() });
    const directory = postgresDirectory({ ...opened, pool }, { changes: true });
    await directory.apply(batch('user', [upserted(user('u1'))]));
    expect(await directory.list('one', 'user')).toEqual([user('u1')]);
    expect(await directory.counts('one')).toMatchObject({ user: 1, address: 1 });
    expect(await directory.changes('one')).toMatchObject([{ verb: 'created', after: user('u1') }]);
  });

  it('applies a batch again that the server undid for a deadlock with the host', async () => {
    const schema = database.newSchema();
    const pool = database.newPool({ options: '-c deadlock_timeout=2s' });
    const opened = await openPostgres({ pool, schema });
    const directory = postgresDirectory(opened);
    await directory.apply(batch('user', [upserted(user('u1'))]));
    // Who finds a deadlock is undone. The batch looks once, two seconds after it began to wait; the host does not.
    const host = await database
      .newPool({ options: `-c deadlock_timeout=60s -c search_path=${schema}` })
      .connect();
    let tried = 0;
    pool.on('acquire', () => tried++);
    await host.query(`begin; select from directory_users where id = 'u1' for update`);
    const renamed = user('u1', { displayName: 'renamed' });
    const applied = directory.apply(batch('user', [upserted(renamed)]));
    const waits = `select from pg_locks where not granted and pid <> pg_backend_pid()
      and locktype = 'transactionid' and transactionid::text = pg_current_xact_id()::xid::text`;
    await vi.waitUntil(async () => (await host.query(waits)).rows.length > 0, { timeout: 5000 });
    await host.query('select from directory_epochs for update');
    await host.query('commit');
    host.release();
    await applied;
    expect(tried).toBe(2);
    expect(await directory.list('one', 'user')).toEqual([renamed]);
  });

  it('tells a role which rights it lacks on the tables, and changes nothing', async () => {
    const schema = database.newSchema();
    const { role, options } = await database.newRole();
    await database.open(database.pool, schema);
    await database.pool.query(
      `grant usage on schema "${schema}" to ${role}; grant select on "${schema}".mailsphere_migrations to ${role}`,
    );
    const directory = postgresDirectory(await openPostgres({ pool: database.newPool({ options }), schema }));
    const store = () => directory.apply(batch('user', [upserted(user('u1'))]));
    for (const work of [store, () => directory.list('one', 'user'), () => directory.counts('one')]) {
      const error = await failureOf(work());
      expect(error.code).toBe('storage_failed');
      expect(error.message).toMatch(/42501.*role lacks a right.*`usage`.*on the other tables/);
      expect(error.message).not.toContain(role);
    }
    const all = `grant select, insert, update, delete on all tables in schema "${schema}" to ${role}`;
    await database.pool.query(all);
    await store();
    expect(await directory.list('one', 'user')).toEqual([user('u1')]);
  });
});
