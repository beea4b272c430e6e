import { join } from 'node:path';
import type { StorageAdapter } from '@mailsphere/core';
import type { DirectorySinkUnderTest } from '@mailsphere/core/testing';
import { openSqlite, sqliteDirectory, sqliteStorage } from '../../src/sqlite/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const paths = new WeakMap<object, string>();
const newPath = () => join(temporaryFolder(), 'state.sqlite');

/** SQLite as the suites take it: each storage has a file of its own, and closing it closes the file. */
export async function createStorage(path = newPath()): Promise<StorageAdapter> {
  const database = openSqlite({ path });
  const storage = { ...sqliteStorage(database), close: () => database.close() };
  paths.set(storage, path);
  return storage;
}

export async function reopenStorage(storage: StorageAdapter): Promise<StorageAdapter> {
  await storage.close?.();
  return createStorage(paths.get(storage));
}

export async function createDirectory(path = newPath()): Promise<DirectorySinkUnderTest> {
  const database = openSqlite({ path });
  const directory = sqliteDirectory(database);
  const underTest: DirectorySinkUnderTest = {
    sink: { ...directory, close: () => database.close() },
    async read(connectionId) {
      const limit = 10_000;
      const users = await directory.list(connectionId, 'user', { limit });
      const groups = await directory.list(connectionId, 'group', { limit });
      return [
        ...(await directory.list(connectionId, 'domain', { limit })),
        ...users.map((user) => ({ ...user, addresses: user.addresses.map(({ address }) => address) })),
        ...(await Promise.all(
          groups.map(async (group) => ({
            ...group,
            addresses: group.addresses.map(({ address }) => address),
            members: (await directory.members(connectionId, group.id)).map(({ id }) => id),
          })),
        )),
      ];
    },
  };
  paths.set(underTest, path);
  return underTest;
}

export async function reopenDirectory(underTest: DirectorySinkUnderTest): Promise<DirectorySinkUnderTest> {
  await underTest.sink.close?.();
  return createDirectory(paths.get(underTest));
}
