// Stores in a place that has no room, then in one that has, and writes what happened: `fill-disk.ts <directory> <bytes>`.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { filesystemArchive } from '../../src/filesystem/index.ts';
import { openSqlite, sqliteStorage } from '../../src/sqlite/index.ts';
import { contentOf, message } from './messages.ts';

const [directory = '', size] = process.argv.slice(2);
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  );

const mail = join(directory, 'mail');
const archive = filesystemArchive({ directory: mail });
const large = await codeOf(archive.store(message('large'), contentOf('large', Number(size))));
const temporary = readdirSync(join(mail, 'tmp')).length;
const missing = await archive.missing(message(''), ['large', 'small']);
const small = await codeOf(archive.store(message('small'), contentOf('small')));

const database = openSqlite({ path: join(directory, 'state.sqlite') });
const storage = sqliteStorage(database);
await storage.put('things', 'a', 'before');
const put = await codeOf(storage.put('things', 'a', 'x'.repeat(Number(size))));
const value = (await storage.get('things', 'a'))?.value;
const again = await codeOf(storage.put('things', 'a', 'after'));
await database.close();
console.log(JSON.stringify({ large, temporary, missing, small, put, value, again }));
