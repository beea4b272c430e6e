import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openSqlite, sqliteDirectory } from '../src/sqlite/index.ts';
import { outputOf } from './node/child.ts';
import { removeTemporaryFolders, temporaryFolder } from './node/temporary-folder.ts';
import { user } from './sample-entries.ts';
import { batch, upserted } from './sql-directories.ts';

afterAll(removeTemporaryFolders);

function open() {
  const path = join(temporaryFolder(), 'directory.sqlite');
  const database = openSqlite({ path });
  onTestFinished(() => database.close());
  return { path, database, directory: sqliteDirectory(database) };
}

describe('sqliteDirectory', () => {
  it('keeps what the process that took over wrote, and stops the one before while it writes', async () => {
    const { path, directory } = open();
    const before = outputOf('apply-for-ever.ts', [path, '1', '10000']);
    await vi.waitUntil(async () => (await directory.list('one', 'user')).length > 0, { timeout: 10_000 });
    expect(await outputOf('apply-for-ever.ts', [path, '2', '20'])).toBe('done\n');
    expect(await before).toBe('conflict\n');
    expect(await directory.list('one', 'user')).toMatchObject([{ displayName: 'by 2' }]);
  });

  it('answers queries of the host', async () => {
    const { database, directory } = open();
    const disabled = user('u2', { enabled: false });
    await directory.apply(batch('user', [upserted(user('u1')), upserted(disabled)]));
    const rows = await database.kysely
      .selectFrom('directory_users')
      .select('id')
      .where('enabled', '=', 1)
      .execute();
    expect(rows).toEqual([{ id: 'u1' }]);
  });
});
