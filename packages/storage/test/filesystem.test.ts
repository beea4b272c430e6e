import { execFile } from 'node:child_process';
import {
  appendFileSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { type FilesystemArchive, filesystemArchive } from '../src/filesystem/index.ts';
import { publish } from '../src/filesystem/publish.ts';
import { bytesOf, contentOf, message } from './node/messages.ts';
import { removeTemporaryFolders, temporaryFolder } from './node/temporary-folder.ts';

afterAll(removeTemporaryFolders);

const open = (directory = temporaryFolder()) => ({ directory, archive: filesystemArchive({ directory }) });

/** All files below a folder, as paths seen from there. */
const filesIn = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();

const mailIn = (directory: string) => filesIn(directory).filter((name) => name.endsWith('.eml'));

async function statuses(archive: FilesystemArchive) {
  const found: Record<string, string> = {};
  for await (const { messageId, status } of archive.verify()) found[messageId] = status;
  return found;
}

it('refuses options that it cannot use, and names the field', () => {
  for (const options of [undefined, {}, { directory: '' }, { directory: 1 }, { directory: 'a\0' }])
    expect(() => filesystemArchive(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_options', field: 'directory' }),
    );
});

it('makes no path out of anything but hashes, and keeps the files from other users', async () => {
  const { directory, archive } = open();
  const hostile = { ...message('../../x'), tenantId: '../t', mailboxId: 'CON', folderId: '/etc' };
  await archive.store(hostile, contentOf('a'));
  await archive.store(message('b'), contentOf('b'));
  for (const name of filesIn(directory))
    expect(name).toMatch(/^[0-9a-f]{32}\/[0-9a-f]{32}\/(SHA256SUMS|([0-9a-f]{2})\/\2[0-9a-f]{62}\.eml)$/);
  expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
  for (const name of filesIn(directory)) {
    expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(join(directory, name))).mode & 0o777).toBe(0o700);
  }
});

it('can be checked by sha256sum alone', async () => {
  const { directory, archive } = open();
  const ids = Array.from({ length: 50 }, (_, index) => `m${index}\n${index}`);
  await Promise.all(ids.map((id) => archive.store(message(id), contentOf(id))));
  const check = async () => {
    const [manifest = ''] = filesIn(directory).filter((name) => name.endsWith('SHA256SUMS'));
    const { stdout } = await promisify(execFile)('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {
      cwd: dirname(join(directory, manifest)),
    });
    return stdout.split('\n').filter((line) => line.endsWith(': OK')).length;
  };
  expect(await check()).toBe(ids.length);
  const [first = ''] = mailIn(directory);
  writeFileSync(join(directory, first), 'changed');
  await expect(check()).rejects.toThrow(/1 computed checksum did NOT match/);
});

it('has one line for a message that several calls of a process store at once, whose bytes differ', async () => {
  const { directory, archive } = open();
  const contents = Array.from({ length: 8 }, (_, index) => contentOf(`${index}`, index * 200_000));
  await Promise.all(contents.map((content) => archive.store(message('a'), content)));
  const [manifest = ''] = filesIn(directory).filter((name) => name.endsWith('SHA256SUMS'));
  expect(readFileSync(join(directory, manifest), 'utf8').split('\n')).toHaveLength(3);
  expect(await statuses(archive)).toEqual({ a: 'intact' });
});

it('lists what it holds: each message once, of all mailboxes or of one', async () => {
  const { archive } = open();
  for (const mailbox of ['m1', 'm2']) await archive.store(message('a', mailbox), contentOf(mailbox));
  const all = await Array.fromAsync(archive.entries());
  expect(all.map(({ mailboxId }) => mailboxId).sort()).toEqual(['m1', 'm2']);
  const [only] = await Array.fromAsync(archive.entries({ mailbox: message('', 'm2') }));
  const { bytes, sha256 } = await archive.store(message('a', 'm2'), contentOf('again'));
  expect(only).toEqual({
    tenantId: 't1',
    mailboxId: 'm2',
    messageId: 'a',
    receivedAt: message('a').receivedAt,
    bytes,
    sha256,
  });
  expect(await Array.fromAsync(archive.entries({ mailbox: message('', 'm3') }))).toEqual([]);
});

it('finds a changed byte and a deleted file', async () => {
  const { directory, archive } = open();
  for (const id of ['a', 'b', 'c']) await archive.store(message(id), contentOf(id));
  expect(await statuses(archive)).toEqual({ a: 'intact', b: 'intact', c: 'intact' });
  const [one = '', other = ''] = mailIn(directory);
  const content = readFileSync(join(directory, one));
  content[100] = (content[100] ?? 0) ^ 1;
  writeFileSync(join(directory, one), content);
  rmSync(join(directory, other));
  expect(Object.values(await statuses(archive)).sort()).toEqual(['absent', 'damaged', 'intact']);
});

it('ends a line of the manifest that was cut off, and reads the lines around it', async () => {
  const { directory, archive } = open();
  await archive.store(message('a'), contentOf('a'));
  const manifest = join(directory, filesIn(directory).find((name) => name.endsWith('SHA256SUMS')) ?? '');
  appendFileSync(manifest, '# {"tenantId":"t1","mailb');
  await open(directory).archive.store(message('b'), contentOf('b'));
  expect(await statuses(archive)).toEqual({ a: 'intact', b: 'intact' });
});

it('leaves the temporary files of other processes alone until a day after they were last written to', async () => {
  const { directory } = open();
  mkdirSync(join(directory, 'tmp'));
  for (const name of ['live.part', 'dead.part'])
    writeFileSync(join(directory, 'tmp', name), 'half a message');
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
  utimesSync(join(directory, 'tmp', 'live.part'), hoursAgo(23), hoursAgo(23));
  utimesSync(join(directory, 'tmp', 'dead.part'), hoursAgo(25), hoursAgo(25));
  await open(directory).archive.missing(message(''), ['a']);
  expect(readdirSync(join(directory, 'tmp'))).toEqual(['live.part']);
});

it('stores mail although somebody has put other things into its temporary folder, and leaves them there', async () => {
  const { directory } = open();
  const temporary = join(directory, 'tmp');
  mkdirSync(join(temporary, 'folder.part'), { recursive: true });
  writeFileSync(join(temporary, 'notes.txt'), 'notes');
  symlinkSync(join(temporary, 'notes.txt'), join(temporary, 'link.part'));
  mkdirSync(join(temporary, 'folder'));
  const old = new Date(Date.now() - 48 * 3_600_000);
  const names = readdirSync(temporary);
  for (const name of names) lutimesSync(join(temporary, name), old, old);
  await open(directory).archive.store(message('a'), contentOf('a'));
  expect(readdirSync(temporary)).toEqual(names);
});

it('says what is wrong with a folder that it cannot use, lets go of the stream, and works once it is mended', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const { archive } = open(join(file, 'mail'));
  let cancelled = false;
  const content = new ReadableStream<Uint8Array>({
    cancel() {
      cancelled = true;
    },
  });
  await expect(archive.store(message('a'), content)).rejects.toMatchObject({
    code: 'storage_failed',
    message: expect.stringMatching(/^The archive folder .*a part of the path is a file/i),
    cause: { code: 'ENOTDIR' },
  });
  expect(cancelled).toBe(true);
  await expect(archive.missing(message(''), ['a'])).rejects.toMatchObject({ code: 'storage_failed' });
  await expect(archive.read(message('a'))).rejects.toMatchObject({ code: 'storage_failed' });
  rmSync(file);
  await archive.store(message('a'), contentOf('a'));
  expect(await archive.missing(message(''), ['a'])).toEqual([]);
});

it('works again after its folders were removed while it ran', async () => {
  const { directory, archive } = open();
  await archive.store(message('a'), contentOf('a'));
  for (const name of readdirSync(directory))
    if (name !== 'tmp') rmSync(join(directory, name), { recursive: true });
  await expect(archive.store(message('a'), contentOf('a'))).rejects.toMatchObject({ code: 'storage_failed' });
  await archive.store(message('a'), contentOf('a'));
  expect(await statuses(archive)).toEqual({ a: 'intact' });
});

it('does not follow a link that leads out of the folder', async () => {
  const { directory, archive } = open();
  const outside = temporaryFolder();
  await archive.store(message('a'), contentOf('a'));
  const mailbox = dirname(
    join(directory, filesIn(directory).find((name) => name.endsWith('SHA256SUMS')) ?? ''),
  );
  rmSync(mailbox, { recursive: true });
  symlinkSync(outside, mailbox);
  await expect(open(directory).archive.store(message('a'), contentOf('a'))).rejects.toMatchObject({
    code: 'storage_failed',
    message: expect.stringContaining('symbolic link'),
  });
  expect(mailIn(outside)).toEqual([]);
});

it('passes on an error of the content as it is, also one that looks like an error of the disk', async () => {
  const { directory, archive } = open();
  const failure = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
  const content = ReadableStream.from<Uint8Array>(
    (async function* () {
      yield bytesOf('a', 400_000);
      throw failure;
    })(),
  );
  await expect(archive.store(message('a'), content)).rejects.toBe(failure);
  expect(filesIn(directory)).toEqual([]);
});

it('answers about 500 messages at once', async () => {
  const { archive } = open();
  const ids = Array.from({ length: 500 }, (_, index) => `m${index}`);
  await Promise.all(ids.slice(0, 250).map((id) => archive.store(message(id), contentOf(id, 10))));
  expect(await archive.missing(message(''), ids)).toEqual(ids.slice(250));
  await expect(archive.missing(message(''), ids, { signal: AbortSignal.abort() })).rejects.toThrow();
});

it('publishes by renaming where the disk has no hard links, and still replaces nothing', async () => {
  const folder = temporaryFolder();
  const refused = Object.assign(new Error('no links'), { code: 'EPERM', syscall: 'link' });
  const { rename } = await import('node:fs/promises');
  const disk = { link: () => Promise.reject(refused), rename };
  for (const name of ['one', 'two']) writeFileSync(join(folder, name), name);
  expect(await publish(join(folder, 'one'), join(folder, 'file'), disk)).toBe(true);
  expect(await publish(join(folder, 'two'), join(folder, 'file'), disk)).toBe(false);
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('one');
});
