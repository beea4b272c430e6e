import { randomUUID } from 'node:crypto';
import { ConnectorError, type StorageAdapter } from '@mailsphere/core';
import pg from 'pg';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { openPostgres, type PostgresPool, postgresStorage } from '../src/postgres/index.ts';
import { testServer } from './postgres-server.ts';

export interface TestDatabase {
  readonly url: string;
  /** Of 20 connections, for the whole file. */
  readonly pool: pg.Pool;
  /** Another one, ended with the test. */
  newPool(config?: pg.PoolConfig): pg.Pool;
  /** A name that no other test has. What is in it is dropped with the test. */
  newSchema(): string;
  /** Another database, dropped with the test. */
  newDatabase(options?: string): Promise<pg.Pool>;
  /** A role without any right, dropped with the test; what connects with `options` acts as it. */
  newRole(): Promise<{ readonly role: string; readonly options: string }>;
  open(
    pool?: PostgresPool,
    schema?: string,
  ): Promise<{ readonly storage: StorageAdapter; readonly schema: string }>;
}

/** A database for the tests of one file, whose server is started before them and closed after them. */
export function testDatabase(): TestDatabase {
  let server: Awaited<ReturnType<typeof testServer>>;
  let pool: pg.Pool;

  beforeAll(async () => {
    server = await testServer();
    pool = new pg.Pool({ connectionString: server.url, max: 20 });
  });

  afterAll(async () => {
    await pool?.end();
    await server?.close();
  });

  const newName = () => `test_${randomUUID().replaceAll('-', '_')}`;
  const atEnd = (statement: string) => onTestFinished(async () => void (await pool.query(statement)));
  const database: TestDatabase = {
    get url() {
      return server.url;
    },
    get pool() {
      return pool;
    },
    newPool(config = {}) {
      const another = new pg.Pool({ connectionString: server.url, max: 20, ...config });
      onTestFinished(() => another.end());
      return another;
    },
    newSchema() {
      const schema = newName();
      atEnd(`drop schema if exists "${schema}" cascade`);
      return schema;
    },
    async newDatabase(options = '') {
      const name = newName();
      await pool.query(`create database ${name} ${options}`);
      atEnd(`drop database ${name}`);
      const url = new URL(server.url);
      url.pathname = name;
      return database.newPool({ connectionString: url.href });
    },
    async newRole() {
      const role = newName();
      await pool.query(`create role ${role}`);
      atEnd(`drop owned by ${role}; drop role ${role}`);
      return { role, options: `-c role=${role}` };
    },
    async open(using = pool, schema = database.newSchema()) {
      return { schema, storage: postgresStorage(await openPostgres({ pool: using, schema })) };
    },
  };
  return database;
}

/** The error that work ends with. */
export async function failureOf(work: Promise<unknown>): Promise<ConnectorError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (ConnectorError.is(error)) return error;
  throw new Error(`expected a ConnectorError, got ${error}`);
}
