import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openPostgres, postgresStorage } from '../src/postgres/index.ts';
import { failureOf } from './postgres-database.ts';
import { startPostgres } from './postgres-server.ts';

describe('postgresStorage', () => {
  it('fails as `storage_failed` while the server is away, and works again when it is back', async () => {
    // A server of its own: one that was given is not ours to stop.
    const own = await startPostgres();
    const using = new pg.Pool({ connectionString: own.url, max: 5, connectionTimeoutMillis: 5000 });
    using.on('error', () => {});
    onTestFinished(async () => {
      await using.end();
      await own.close();
    });
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
