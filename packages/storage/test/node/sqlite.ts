import { join } from 'node:path';
import type { StorageAdapter } from '@mailsphere/core';
import type { DirectorySinkUnderTest } from '@mailsphere/core/testing';
import {
  openSqlite,
  type SqlDirectoryOptions,
  sqliteDirectory,
  sqliteStorage,
} from '../../src/sqlite/index.ts';
import { underTest } from './directory-under-test.ts';
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

const directories = new WeakMap<object, readonly [SqlDirectoryOptions, string]>();

/** Recording must not change what is stored: so both ways go through the suite. */
export async function createDirectory(
  options: SqlDirectoryOptions,
  path = newPath(),
): Promise<DirectorySinkUnderTest> {
  const database = openSqlite({ path });
  const directory = underTest(sqliteDirectory(database, options), () => database.close());
  directories.set(directory, [options, path]);
  return directory;
}

export async function reopenDirectory(directory: DirectorySinkUnderTest): Promise<DirectorySinkUnderTest> {
  await directory.sink.close?.();
  const [options = {}, path] = directories.get(directory) ?? [];
  return createDirectory(options, path);
}
