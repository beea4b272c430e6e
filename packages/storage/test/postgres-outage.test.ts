import pg from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openPostgres, postgresDirectory, postgresStorage } from '../src/postgres/index.ts';
import { failureOf } from './postgres-database.ts';
import { startPostgres } from './postgres-server.ts';
import { user } from './sample-entries.ts';
import { batch, removed, upserted } from './sql-directories.ts';

/** A server of its own: one that was given is not ours to stop. */
async function start() {
  const own = await startPostgres();
  const using = new pg.Pool({ connectionString: own.url, max: 5, connectionTimeoutMillis: 5000 });
  using.on('error', () => {});
  onTestFinished(async () => {
    await using.end();
    await own.close();
  });
  return { own, using };
}

describe('postgresStorage', () => {
  it('fails as `storage_failed` while the server is away, and works again when it is back', async () => {
    const { own, using } = await start();
    const storage = postgresStorage(await openPostgres({ pool: using }));
    const version = await storage.put('things', 'secret id', 'secret value');
    const holder = await using.connect();
    holder.on('error', () => holder.release(true));
    await holder.query('begin; lock table mailsphere.records');
    const waiting = Array.from({ length: 3 }, () => failureOf(storage.get('things', 'a')));
    await own.stop();
    const failures = [
      ...(await Promise.all(waiting)),
      await failureOf(storage.get('things', 'secret id')),
      await failureOf(storage.put('things', 'secret id', 'secret value')),
      await failureOf(storage.delete('things', 'secret id')),
      await failureOf(storage.list('things')),
      await failureOf(openPostgres({ pool: using })),
    ];
    const { password } = new URL(own.url);
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: 'storage_failed', cause: expect.any(Error) });
      expect(failure.message).toMatch(
        /^PostgreSQL( \((57P0\d|ECONN[A-Z]+|EPIPE)\))?: .*(Work goes on|Nothing answers|lost)/,
      );
      expect(failure.message).not.toContain('secret');
      expect(failure.message).not.toContain(password);
    }
    await own.start();
    expect(await storage.get('things', 'secret id')).toEqual({
      id: 'secret id',
      value: 'secret value',
      version,
    });
    await storage.put('things', 'secret id', 'changed', { ifVersion: version });
  });
});

describe('postgresDirectory', () => {
  it('fails as `storage_failed` when the server goes in the middle of a batch, and takes the batch when it is back', async () => {
    const { own, using } = await start();
    const directory = postgresDirectory(await openPostgres({ pool: using }), { changes: true });
    await directory.apply(batch('user', [upserted(user('u1')), upserted(user('u2'))]));
    const holder = await using.connect();
    holder.on('error', () => holder.release(true));
    await holder.query('begin; lock table mailsphere.directory_addresses');
    const interrupted = batch('user', [removed('u1'), upserted(user('u3'))], { epoch: 2 });
    const failing = failureOf(directory.apply(interrupted));
    const waits = `select from pg_locks where not granted and relation = 'mailsphere.directory_addresses'::regclass`;
    await vi.waitUntil(async () => (await holder.query(waits)).rows.length > 0, { timeout: 5000 });
    await own.stop();
    const failures = [
      await failing,
      await failureOf(directory.apply(interrupted)),
      await failureOf(directory.list('one', 'user')),
    ];
    for (const failure of failures)
      expect(failure).toMatchObject({
        code: 'storage_failed',
        message: expect.stringMatching(/Work goes on|Nothing answers|lost/),
      });
    await own.start();
    expect(await directory.list('one', 'user')).toEqual([user('u1'), user('u2')]);
    await directory.apply(interrupted);
    expect(await directory.list('one', 'user')).toEqual([user('u2'), user('u3')]);
    const verbs = (await directory.changes('one')).map(({ id, verb }) => [id, verb]);
    expect(verbs.slice(2)).toEqual([
      ['u1', 'removed'],
      ['u3', 'created'],
    ]);
  });
});
