import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type FilesystemArchive, filesystemArchive } from '../src/filesystem/index.ts';
import { child, killAfter, outputOf } from './node/child.ts';
import { contentOf, message } from './node/messages.ts';
import { removeTemporaryFolders, temporaryFolder } from './node/temporary-folder.ts';

afterAll(removeTemporaryFolders);

async function statuses(archive: FilesystemArchive) {
  const found = new Map<string, string>();
  for await (const { messageId, status } of archive.verify()) found.set(messageId, status);
  return found;
}

// A disk of one megabyte, which an ordinary user may mount in a namespace of its own where the system allows it.
const tinyDisk = (directory: string) =>
  [
    'unshare',
    '--user',
    '--map-root-user',
    '--mount',
    'sh',
    '-c',
    `mount -t tmpfs -o size=1m tmpfs ${directory} && exec "$@"`,
    'sh',
  ] as const;

const canMount = (() => {
  const directory = temporaryFolder();
  try {
    const [program, ...args] = tinyDisk(directory);
    execFileSync(program, [...args, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe('a process that is killed', () => {
  it('loses no message that it said was stored, and shows no half of one', async () => {
    const directory = temporaryFolder();
    for (const lines of [1, 5, 30, 100]) {
      const acknowledged = await killAfter(child('store-for-ever.ts', [directory]), lines);
      const archive = filesystemArchive({ directory });
      expect(await archive.missing(message(''), acknowledged)).toEqual([]);
      const found = await statuses(archive);
      for (const id of acknowledged) expect(found.get(id)).toBe('intact');
      expect([...found.values()]).not.toContain('damaged');
      // What was under way is stored by the next run, once.
      for (const id of found.keys()) await archive.store(message(id), contentOf(id));
      expect(new Set((await statuses(archive)).values())).toEqual(new Set(['intact']));
      const listed = (await Array.fromAsync(archive.entries())).map(({ messageId }) => messageId);
      expect(listed.toSorted()).toEqual([...found.keys()].sort());
      // The next process begins anew, so that some of what it stores is there already.
      if (lines === 30) rmSync(join(directory, 'tmp'), { recursive: true });
    }
  });
});

describe('two processes that store the same messages', () => {
  it('agree on one copy of each', { timeout: 120_000 }, async () => {
    const directory = temporaryFolder();
    const outputs = await Promise.all(
      ['one', 'two'].map((name) => outputOf('store-same.ts', [directory, name, '150'])),
    );
    expect(outputs[0]).toBe(outputs[1]);
    const archive = filesystemArchive({ directory });
    const listed = await Array.fromAsync(archive.entries());
    expect(listed).toHaveLength(150);
    expect(new Set((await statuses(archive)).values())).toEqual(new Set(['intact']));
    expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
  });
});

describe('a message of 150 MB', () => {
  it('needs less than 100 MB of memory', async () => {
    const { bytes, megabytes } = JSON.parse(await outputOf('store-large.ts', [temporaryFolder()]));
    expect(bytes).toBe(150 * 2 ** 20);
    expect(megabytes).toBeLessThan(100);
  });
});

describe('a disk without room', () => {
  const expectRecovery = (outcome: Record<string, unknown>, mail: RegExp, state: RegExp) => {
    expect(outcome.large).toMatch(mail);
    expect(outcome.temporary, 'the temporary file is removed').toBe(0);
    expect(outcome.missing).toEqual(['large', 'small']);
    expect(outcome.small).toBe('done');
    expect(outcome.put).toMatch(state);
    expect(outcome.value, 'the record is as before').toBe('before');
    expect(outcome.again).toBe('done');
  };

  it.skipIf(!canMount)(
    '(a full one, mounted for the test) is reported, leaves nothing behind, and work goes on',
    async () => {
      const directory = temporaryFolder();
      const shell = `exec ${tinyDisk(directory)
        .map((word) => `'${word}'`)
        .join(' ')} "$@" #`;
      const outcome = JSON.parse(await outputOf('fill-disk.ts', [directory, String(2 ** 20)], { shell }));
      expectRecovery(
        outcome,
        /^storage_failed: The archive folder \(ENOSPC\): The disk is full: free some space/,
        /^storage_failed: The database file \(SQLite 13\): The disk is full/,
      );
    },
  );

  it('(a limit on the size of files) is reported, leaves nothing behind, and work goes on', async () => {
    // In blocks of 512 bytes.
    const shell = 'ulimit -f 2048';
    const outcome = JSON.parse(
      await outputOf('fill-disk.ts', [temporaryFolder(), String(4 * 2 ** 20)], { shell }),
    );
    expectRecovery(
      outcome,
      /^storage_failed: The archive folder \(EFBIG\): .*`ulimit -f`/,
      /^storage_failed: The database file \(SQLite \d+\): /,
    );
  });
});

describe('a process that may open few files', () => {
  it('is told to raise the limit, and stores everything once there are fewer at a time', async () => {
    const outcome = JSON.parse(
      await outputOf('open-many.ts', [temporaryFolder()], { shell: 'ulimit -n 60' }),
    );
    expect(outcome.refused).toBeGreaterThan(0);
    expect(outcome.messages).toEqual([expect.stringMatching(/EMFILE.*`ulimit -n`/)]);
    expect(outcome.missing).toEqual([]);
  });
});
