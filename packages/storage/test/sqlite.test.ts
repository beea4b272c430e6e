import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConnectorError } from '@mailsphere/core';
import { sql } from 'kysely';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { openSqlite, sqliteDirectory, sqliteStorage } from '../src/sqlite/index.ts';
import { child, killAfter, outputOf } from './node/child.ts';
import { removeTemporaryFolders, temporaryFolder } from './node/temporary-folder.ts';

afterAll(removeTemporaryFolders);

const newPath = () => join(temporaryFolder(), 'state.sqlite');

function open(path = newPath()) {
  const database = openSqlite({ path });
  onTestFinished(() => database.close());
  return { path, database, storage: sqliteStorage(database), directory: sqliteDirectory(database) };
}

describe('openSqlite', () => {
  it('refuses options that it cannot use, and names the field', () => {
    for (const options of [undefined, {}, { path: '' }, { path: 7 }, { path: 'a\0b' }])
      expect(() => openSqlite(options as never)).toThrow(
        expect.objectContaining({ code: 'invalid_options', field: 'path' }),
      );
  });

  it('says what is wrong with a file that it cannot use, and leaves that file as it is', () => {
    const folder = temporaryFolder();
    const text = join(folder, 'notes.txt');
    writeFileSync(text, 'These are notes, and no database at all. '.repeat(100));
    const foreign = join(folder, 'foreign.sqlite');
    new DatabaseSync(foreign).exec('create table theirs (a)');
    const newer = join(folder, 'newer.sqlite');
    open(newer).database.kysely.destroy();
    new DatabaseSync(newer).exec('pragma user_version = 99');
    mkdirSync(join(folder, 'folder'));
    const cases = [
      [join(folder, 'nowhere', 'state.sqlite'), /does not exist.*create it/],
      [join(text, 'state.sqlite'), /a part of the path is a file/i],
      [join(folder, 'folder'), /is a folder, where a file is expected/],
      [text, /not an SQLite database: choose another `path`/],
      [foreign, /another application.*file of its own/],
      [newer, /newer version of @mailsphere\/storage/],
    ] as const;
    for (const [path, message] of cases) {
      const before = path === text || path === foreign ? statSync(path).size : undefined;
      expect(() => openSqlite({ path }), path).toThrow(
        expect.objectContaining({ code: 'storage_failed', message: expect.stringMatching(message) }),
      );
      if (before !== undefined) expect(statSync(path).size).toBe(before);
    }
    expect(() => openSqlite({ path: text })).toThrow(expect.objectContaining({ cause: expect.any(Error) }));
  });

  it('keeps the file from other users of the machine', () => {
    const { path } = open();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('closes more than once without complaint, and is disposed of at the end of a block', async () => {
    const path = newPath();
    {
      await using database = openSqlite({ path });
      await sqliteStorage(database).put('things', 'a', 1);
      await database.close();
    }
    const unused = openSqlite({ path });
    await unused.close();
    expect((await open(path).storage.get('things', 'a'))?.value).toBe(1);
  });

  it('waits for the disk with every write but the relaxed ones, also when they come together', async () => {
    const { database, storage } = open();
    const waits = () => sql<{ synchronous: number }>`pragma synchronous`.execute(database.kysely);
    const seen: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await storage.put('things', `${index}`, index, { relaxed: index % 2 === 0 });
        const refused = storage.put('things', `${index}`, 0, { relaxed: true, ifVersion: null });
        await expect(refused).rejects.toMatchObject({ code: 'conflict' });
        seen.push(...(await waits()).rows.map(({ synchronous }) => synchronous));
      }),
    );
    expect(seen).toEqual(Array.from({ length: 20 }, () => 2));
  });

  it('keeps everything in this process when asked to', async () => {
    const { storage } = open(':memory:');
    await storage.put('things', 'a', 1);
    expect((await storage.get('things', 'a'))?.value).toBe(1);
  });
});

describe('sqliteStorage', () => {
  it('refuses an id that the file could not tell from another one', async () => {
    const { storage } = open();
    for (const work of [
      storage.get('things', '\ud800'),
      storage.put('things', 'a\udc00', 1),
      storage.delete('things', '\ud800'),
    ])
      await expect(work).rejects.toMatchObject({ code: 'invalid_request', field: 'id' });
  });

  it('says that the disk is full, changes nothing, and goes on when there is room again', async () => {
    const { database, storage } = open();
    const version = await storage.put('things', 'a', 'before');
    const pages = await sql<{ page_count: number }>`pragma page_count`.execute(database.kysely);
    await sql`pragma max_page_count = ${sql.raw(String(pages.rows[0]?.page_count))}`.execute(database.kysely);
    const error = await storage.put('things', 'a', 'x'.repeat(100_000)).catch((reason: unknown) => reason);
    expect(ConnectorError.is(error, 'storage_failed')).toBe(true);
    expect(error).toMatchObject({
      message: expect.stringMatching(/disk is full.*free some space/),
      cause: expect.any(Error),
    });
    expect(await storage.get('things', 'a')).toEqual({ id: 'a', value: 'before', version });
    await sql`pragma max_page_count = 1000000`.execute(database.kysely);
    await storage.put('things', 'a', 'after', { ifVersion: version });
  });

  it('loses no increment of three processes that start together on a new file', async () => {
    const path = newPath();
    await Promise.all([1, 2, 3].map(() => outputOf('increment.ts', [path, '150'])));
    expect((await open(path).storage.get('counters', 'a'))?.value).toBe(450);
  });

  it('keeps every record that it said was stored when the process is killed', async () => {
    const path = newPath();
    for (const lines of [1, 40]) {
      const acknowledged = await killAfter(child('put-for-ever.ts', [path]), lines);
      expect(acknowledged.length).toBeGreaterThanOrEqual(lines);
      const database = openSqlite({ path });
      const storage = sqliteStorage(database);
      for (const id of acknowledged) expect((await storage.get('things', id))?.value).toEqual({ id });
      const check = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database.kysely);
      expect(check.rows).toEqual([{ integrity_check: 'ok' }]);
      await database.close();
    }
  });

  it('shares its file with the directory', async () => {
    const { storage, directory } = open();
    const user = {
      kind: 'user',
      id: 'u1',
      userPrincipalName: 'u1@x.example',
      displayName: 'U',
      userType: 'member',
      enabled: true,
      licensed: true,
      mailboxKind: undefined,
      addresses: [],
      otherAddresses: [],
    } as const;
    await Promise.all([
      directory.apply({
        connectionId: 'one',
        kind: 'user',
        generation: 1,
        epoch: 1,
        sweep: true,
        changes: [{ type: 'upserted', item: user }],
      }),
      ...Array.from({ length: 20 }, (_, index) => storage.put('things', String(index), index)),
    ]);
    expect(await directory.list('one', 'user')).toEqual([user]);
    expect(await storage.list('things')).toHaveLength(20);
  });
});
