import { appendFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { messagePlace } from '../src/filesystem/archive-layout.ts';
import { filesystemArchive } from '../src/filesystem/index.ts';
import { manifestFile, manifestLines } from '../src/filesystem/manifest.ts';
import { repeatedMessages } from '../src/filesystem/repeated-messages.ts';
import { outputOf } from './node/child.ts';
import { contentOf, message } from './node/messages.ts';
import { removeTemporaryFolders, temporaryFolder } from './node/temporary-folder.ts';

afterAll(removeTemporaryFolders);

const open = () => {
  const directory = temporaryFolder();
  return {
    directory,
    archive: filesystemArchive({ directory }),
    place: messagePlace(directory, message('a')),
  };
};

it.skipIf(process.platform !== 'linux')(
  'does not run out of files when a host looks at the first message again and again',
  async () => {
    const { archive } = open();
    // More than is read of a manifest at once, so that its end is not reached by itself.
    const ids = Array.from({ length: 600 }, (_, index) => `m${index}-${'long '.repeat(40)}`);
    await Promise.all(ids.map((id) => archive.store(message(id), contentOf(id, 10))));
    const openFiles = () => readdirSync('/proc/self/fd').length;
    const before = openFiles();
    for (let time = 0; time < 20; time++) {
      for await (const _ of archive.entries()) break;
      for await (const _ of archive.verify()) break;
    }
    await vi.waitUntil(() => openFiles() <= before + 2, { timeout: 2000 });
  },
);

it('looks through a mailbox of 40,000 messages with a few megabytes of memory', async () => {
  const { directory } = open();
  const output = await outputOf('verify-many.ts', [directory, '40000'], { flags: ['--expose-gc'] });
  const { absent, megabytes } = JSON.parse(output);
  expect(absent).toBe(40_000);
  expect(megabytes).toBeLessThan(5);
});

it('remembers few messages of a large mailbox but those that have more than one entry', async () => {
  const { directory } = open();
  const places = Array.from({ length: 49_990 }, (_, index) => messagePlace(directory, message(`m${index}`)));
  const lines = places.map((place, index) =>
    manifestLines(message(`m${index}`), place, { bytes: 1, sha256: '0'.repeat(64) }),
  );
  const manifest = join(directory, 'SHA256SUMS');
  appendFileSync(manifest, [...lines, ...lines.slice(0, 10)].join(''));
  const isRepeated = await repeatedMessages(manifest, statSync(manifest).size);
  const remembered = places.map(({ identity }) => isRepeated(identity));
  expect(remembered.slice(0, 10)).not.toContain(false);
  expect(remembered.filter(Boolean).length).toBeLessThan(200);
});

it('lists a message once whose store was done again with other bytes, and finds it intact', async () => {
  const { archive, place } = open();
  await archive.store(message('a'), contentOf('first', 10));
  rmSync(place.file);
  const stored = await archive.store(message('a'), contentOf('second', 20));
  await archive.store(message('b'), contentOf('b'));
  // As two processes leave it that stored at the very same moment: the line that fits comes first, and again.
  for (const sum of [stored, { ...stored, sha256: '0'.repeat(64) }, stored])
    appendFileSync(manifestFile(place.mailbox), manifestLines(message('a'), place, sum));
  const entries = await Array.fromAsync(archive.entries());
  expect(entries.map(({ messageId, sha256 }) => [messageId, sha256 === stored.sha256])).toEqual([
    ['a', true],
    ['b', false],
  ]);
  const verified = await Array.fromAsync(archive.verify());
  expect(verified.map(({ messageId, status }) => [messageId, status])).toEqual([
    ['a', 'intact'],
    ['b', 'intact'],
  ]);
});

it('ends a list of what there was when it began, although messages keep coming', async () => {
  const { archive } = open();
  await archive.store(message('m0'), contentOf('m0', 10));
  let seen = 0;
  for await (const _ of archive.entries()) await archive.store(message(`m${++seen}`), contentOf('x', 10));
  expect(seen).toBe(1);
});
