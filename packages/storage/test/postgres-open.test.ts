import { describe, expect, it, vi } from 'vitest';
import { openPostgres, postgresStorage } from '../src/postgres/index.ts';
import { failureOf, testDatabase } from './postgres-database.ts';

const database = testDatabase();

describe('openPostgres', () => {
  it('refuses options that it cannot use, and names the field', async () => {
    for (const options of [undefined, {}, { pool: null }, { pool: 'postgres://secret' }, { pool: {} }]) {
      const error = await failureOf(openPostgres(options as never));
      expect(error).toMatchObject({ code: 'invalid_options', field: 'pool' });
      expect(error.message).not.toContain('secret');
    }
    const names = ['', 7, null, 'a"b', 'a; drop table x', "a'b", 'a.b', 'A', '1a', 'ä', 'pg_mine', 'a\n'];
    for (const schema of [...names, 'a\0', '$migrate$', 'x'.repeat(64)]) {
      const query = vi.fn();
      const error = await failureOf(openPostgres({ pool: { query }, schema: schema as never }));
      expect(error, String(schema)).toMatchObject({ code: 'invalid_options', field: 'schema' });
      expect(query).not.toHaveBeenCalled();
    }
  });

  it('takes words of SQL as a name, and calls the schema `mailsphere` when it is given none', async () => {
    const pool = await database.newDatabase();
    for (const schema of [undefined, 'user', 'table', 'public', '_']) {
      const opened = await openPostgres({ pool, schema });
      expect(opened.schema).toBe(schema ?? 'mailsphere');
      await postgresStorage(opened).put('things', 'a', 1);
      const { rows } = await pool.query(`select collection, id, value from "${opened.schema}".records`);
      expect(rows).toEqual([{ collection: 'things', id: 'a', value: 1 }]);
    }
  });

  it('creates the tables once when many processes start at the same time', async () => {
    for (const isolation of ['read\\ committed', 'serializable']) {
      const schema = database.newSchema();
      const options = `-c default_transaction_isolation=${isolation}`;
      const pools = Array.from({ length: 4 }, () => database.newPool({ max: 4, options }));
      await Promise.all(
        pools.flatMap((each, index) =>
          Array.from({ length: 4 }, async (_, turn) => {
            const { storage } = await database.open(each, schema);
            await storage.put('things', `${index}/${turn}`, turn);
          }),
        ),
      );
      expect(await (await database.open(database.pool, schema)).storage.list('things')).toHaveLength(16);
      const { rows } = await database.pool.query(`select step from "${schema}".mailsphere_migrations`);
      expect(rows).toEqual([{ step: 1 }, { step: 2 }, { step: 3 }]);
    }
  });

  it('says what is wrong with a schema or database that it cannot use, and leaves it as it is', async () => {
    const newer = database.newSchema();
    await database.open(database.pool, newer);
    await database.pool.query(`insert into "${newer}".mailsphere_migrations (step) values (99)`);
    const foreign = database.newSchema();
    await database.pool.query(`create schema "${foreign}"; create table "${foreign}".records (a int)`);
    expect(await failureOf(openPostgres({ pool: database.pool, schema: newer }))).toMatchObject({
      code: 'storage_failed',
      message: expect.stringMatching(/newer version of @mailsphere\/storage/),
    });
    expect(await failureOf(openPostgres({ pool: database.pool, schema: foreign }))).toMatchObject({
      code: 'storage_failed',
      message: expect.stringMatching(/another application.*choose another `schema`/),
    });
    const { rows } = await database.pool.query(
      'select relname from pg_class where relnamespace = $1::regnamespace',
      [foreign],
    );
    expect(rows).toEqual([{ relname: 'records' }]);
  });

  it('refuses a database that cannot hold every text', async () => {
    const pool = await database.newDatabase(
      `encoding 'LATIN1' locale_provider libc locale 'C' template template0`,
    );
    expect(await failureOf(openPostgres({ pool }))).toMatchObject({
      code: 'storage_failed',
      message: expect.stringMatching(/LATIN1.*encoding 'UTF8'/),
    });
  });

  it('only reads, and waits for nobody, once the tables are there', async () => {
    const { schema } = await database.open();
    const query = vi.fn((text: string, values?: unknown[]) => database.pool.query(text, values));
    await openPostgres({ pool: { query }, schema });
    expect(query.mock.calls.map(([text]) => text.trim().slice(0, 6))).toEqual(['select', 'select']);
  });

  it('needs no right to create once the tables are there, and tells a role which rights it lacks', async () => {
    const schema = database.newSchema();
    const { role, options } = await database.newRole();
    const limited = database.newPool({ options });

    const lacks = async (work: Promise<unknown>) => {
      const error = await failureOf(work);
      expect(error).toMatchObject({
        code: 'storage_failed',
        message: expect.stringMatching(/42501.*role lacks a right.*`create`.*`usage`/),
        cause: expect.any(Error),
      });
      expect(error.message).not.toContain(role);
    };
    await lacks(openPostgres({ pool: limited, schema }));
    await database.open(database.pool, schema);
    await lacks(openPostgres({ pool: limited, schema }));
    await database.pool.query(`grant usage on schema "${schema}" to ${role}`);
    await lacks(openPostgres({ pool: limited, schema }));
    await database.pool.query(`grant select on "${schema}".mailsphere_migrations to ${role}`);
    const { storage } = await database.open(limited, schema);
    await lacks(storage.put('things', 'a', 1));
    await database.pool.query(`grant select, insert, update, delete on "${schema}".records to ${role}`);
    const version = await storage.put('things', 'a', 1);
    await storage.put('things', 'a', 2, { ifVersion: version });
    expect(await storage.list('things')).toHaveLength(1);
    expect(await storage.delete('things', 'a')).toBe(true);
  });

  it('creates its tables in a schema that was made for it, without the right to make one', async () => {
    const schema = database.newSchema();
    const { role, options } = await database.newRole();
    await database.pool.query(`create schema "${schema}" authorization ${role}`);
    const { storage } = await database.open(database.newPool({ options }), schema);
    await storage.put('things', 'a', 1);
  });
});
