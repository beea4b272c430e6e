import { ConnectorError, type StorageAdapter } from '@mailsphere/core';
import { testStorage } from '@mailsphere/core/testing';
import pg from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { openPostgres, type PostgresPool, postgresStorage } from '../src/postgres/index.ts';
import { failureOf, testDatabase } from './postgres-database.ts';

const database = testDatabase();

describe('PostgreSQL', () => {
  const schemas = new WeakMap<StorageAdapter, string>();
  const create = async (using: pg.Pool, schema?: string) => {
    const opened = await database.open(using, schema);
    schemas.set(opened.storage, opened.schema);
    return opened.storage;
  };
  const reopen = (storage: StorageAdapter) => create(database.newPool(), schemas.get(storage));

  testStorage({ describe, it }, () => create(database.pool), { reopen });

  for (const isolation of ['repeatable\\ read', 'serializable'])
    describe(`where ${isolation.replace('\\', '')} is the default`, () => {
      const options = `-c default_transaction_isolation=${isolation}`;
      testStorage({ describe, it }, () => create(database.newPool({ options })), { reopen });
    });
});

describe('postgresStorage', () => {
  it('loses no increment of pools that race', async () => {
    const schema = database.newSchema();
    const storages = await Promise.all(
      [database.newPool(), database.newPool()].map(
        async (each) => (await database.open(each, schema)).storage,
      ),
    );
    const increment = async (storage: StorageAdapter): Promise<void> => {
      const record = await storage.get('things', 'a');
      try {
        await storage.put('things', 'a', Number(record?.value ?? 0) + 1, {
          ifVersion: record?.version ?? null,
        });
      } catch (error) {
        if (!ConnectorError.is(error, 'conflict')) throw error;
        await increment(storage);
      }
    };
    await Promise.all(
      storages.flatMap((storage) =>
        Array.from({ length: 5 }, async () => {
          for (let times = 0; times < 20; times++) await increment(storage);
        }),
      ),
    );
    expect((await storages[0]?.get('things', 'a'))?.value).toBe(200);
  });

  it('lets one of many racing changes of every kind win, whatever they race with', async () => {
    const { storage } = await database.open();
    for (let round = 0; round < 20; round++) {
      const version = await storage.put('things', 'a', 'before');
      const outcomes = await Promise.all([
        ...Array.from({ length: 5 }, () =>
          storage.put('things', 'a', 'after', { ifVersion: version }).then(
            () => true,
            (error: unknown) => {
              if (ConnectorError.is(error, 'conflict')) return false;
              throw error;
            },
          ),
        ),
        ...Array.from({ length: 5 }, () => storage.delete('things', 'a', { ifVersion: version })),
      ]);
      expect(outcomes.filter(Boolean)).toHaveLength(1);
    }
  });

  it('keeps apart ids, collections and prefixes with NUL and halves of surrogate pairs, in order', async () => {
    const { storage } = await database.open();
    const ids = ['a', 'a\0', 'a\0\0', 'a\u0001', 'a\u0001\u0001', 'a\u0002', 'a\ud7ff', 'a\ud7ff\u0001'];
    ids.push('a\ud800', 'a\ud800x', 'a\udbff', 'a\udfff', 'a\ue000', 'a\u{10000}', 'b');
    for (const id of ids.toReversed()) {
      await storage.put('things', id, { id });
      await storage.put(id, 'one', id);
    }
    expect(await storage.list('things')).toEqual(
      ids.map((id) => ({ id, value: { id }, version: expect.any(String) })),
    );
    for (const id of ids) {
      expect((await storage.get(id, 'one'))?.value).toBe(id);
      const prefixed = await storage.list('things', { prefix: id });
      // The first half of a pair is not what the pair begins with.
      const expected = ids.filter((other) => other.startsWith(id) && other !== `${id}\udc00`);
      expect(prefixed.map((record) => record.id)).toEqual(expected);
      const rest = await storage.list('things', { after: id });
      expect(rest.map((record) => record.id)).toEqual(ids.slice(ids.indexOf(id) + 1));
    }
  });

  it('takes the longest ids, and says so when one is too long', async () => {
    const { storage } = await database.open();
    // Of letters that do not repeat, so that nothing can be compressed away.
    const letters = (from: number) =>
      Array.from({ length: 512 }, (_, index) => from + ((index * 7919) % 60_000));
    const longest = String.fromCodePoint(...letters(0x20000));
    const halves = Array.from({ length: 512 }, (_, index) =>
      String.fromCharCode(0xd800 + ((index * 347) % 1024)),
    );
    for (const id of [longest, halves.join('')]) {
      await storage.put('things', id, 1);
      expect(await storage.list('things', { prefix: id })).toMatchObject([{ id, value: 1 }]);
    }
    expect(await failureOf(storage.put('things', longest.repeat(3), 1))).toMatchObject({
      code: 'invalid_request',
      field: 'id',
    });
  });

  it('reads a prefix from the index, and nothing beside it', async () => {
    const { schema, storage } = await database.open();
    await database.pool.query(
      `insert into "${schema}".records (collection, id, value)
       select 'things', 'a/' || n, '1' from generate_series(1, 50000) n`,
    );
    await storage.put('things', 'a/b/c', 1);
    await database.pool.query(`analyze "${schema}".records`);
    let plan = '';
    const explaining: PostgresPool = {
      async query(text, values) {
        const { rows } = await database.pool.query(`explain (analyze, format json) ${text}`, values);
        plan = JSON.stringify(rows[0]);
        return database.pool.query(text, values);
      },
    };
    const listed = await postgresStorage({ pool: explaining, schema }).list('things', { prefix: 'a/b/' });
    expect(listed).toHaveLength(1);
    expect(plan).toMatch(/Index Cond[^}]*collection = [^}]*id >= [^}]*id < /);
    expect(plan).not.toMatch(/"Filter"|"Sort"|Seq Scan/);
  });

  it('is not misled by the parsers of types that the host has set', async () => {
    const getTypeParser = (oid: number) => (oid === pg.types.builtins.TEXT ? String : () => 'misled');
    const { storage } = await database.open(database.newPool({ types: { getTypeParser } as never }));
    const version = await storage.put('things', 'a', { one: 1 });
    expect(await storage.get('things', 'a')).toEqual({ id: 'a', value: { one: 1 }, version });
  });

  it('takes a version that never was for what it is', async () => {
    const { storage } = await database.open();
    await storage.put('things', 'a', 1);
    for (const ifVersion of ['\0', '\ud800', 'x'.repeat(10_000), '1', 'NULL']) {
      const error = await failureOf(storage.put('things', 'a', 2, { ifVersion }));
      expect(error.code).toBe('conflict');
      expect(await storage.delete('things', 'a', { ifVersion })).toBe(false);
    }
  });

  it('says what to do when it cannot log in, when the tables are gone, and when the pool was ended', async () => {
    const wrong = new URL(database.url);
    wrong.username = 'nobody_of_this_name';
    wrong.password = 'wrong-secret';
    const nowhere = new URL(database.url);
    nowhere.pathname = 'no_such_database';
    const { storage, schema } = await database.open();
    await database.pool.query(`drop schema "${schema}" cascade`);
    const ended = new pg.Pool({ connectionString: database.url });
    await ended.end();
    const openWith = (connectionString: string) => () =>
      openPostgres({ pool: database.newPool({ connectionString }) });
    const cases = [
      [openWith(wrong.href), /28.*check user, password/],
      [openWith(nowhere.href), /3D000.*does not exist/],
      [() => storage.get('things', 'a'), /42P01.*open the schema again/],
      [() => openPostgres({ pool: ended }), /pool.*have been ended/],
    ] as const;
    for (const [work, message] of cases) {
      const error = await failureOf(work());
      expect(error).toMatchObject({ code: 'storage_failed', cause: expect.any(Error) });
      expect(error.message).toMatch(message);
      expect(error.message).not.toMatch(/wrong-secret|nobody_of_this_name|no_such_database/);
    }
  });

  it('gives up, and says why, when a statement is refused time and again', async () => {
    const query = vi.fn(async () => {
      throw Object.assign(new Error('could not serialize "secret"'), { code: '40001' });
    });
    const error = await failureOf(postgresStorage({ pool: { query }, schema: 'x' }).get('things', 'a'));
    expect(error).toMatchObject({
      code: 'storage_failed',
      message: expect.stringMatching(/40001.*in the way/),
    });
    expect(error.message).not.toContain('secret');
  });
});
