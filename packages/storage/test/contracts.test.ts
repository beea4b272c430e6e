import { testDirectorySink, testMailArchive, testStorage } from '@mailsphere/core/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { outputOf } from './node/child.ts';
import { createArchive, reopenArchive } from './node/filesystem.ts';
import { createDirectory, createStorage, reopenDirectory, reopenStorage } from './node/sqlite.ts';
import { removeTemporaryFolders } from './node/temporary-folder.ts';

afterAll(removeTemporaryFolders);

describe('SQLite', () => {
  testStorage({ describe, it }, () => createStorage(), { reopen: reopenStorage });
});

describe.each([false, true])('SQLite, with changes recorded: %s', (changes) => {
  testDirectorySink({ describe, it }, () => createDirectory({ changes }), { reopen: reopenDirectory });
});

describe('a folder of files', () => {
  testMailArchive({ describe, it }, () => createArchive(), { reopen: reopenArchive });
});

describe('the contract suites', () => {
  it('run under node:test as well, with the same cases and no skip', async () => {
    let cases = 0;
    const it = () => void cases++;
    const runner = { describe: (_: string, body: () => void) => body(), it };
    testStorage(runner, () => createStorage(), { reopen: reopenStorage });
    testDirectorySink(runner, () => createDirectory({ changes: true }), { reopen: reopenDirectory });
    testMailArchive(runner, () => createArchive(), { reopen: reopenArchive });
    const tap = await outputOf('contracts.ts', [], { flags: ['--test', '--test-reporter=tap'] });
    for (const line of [`# pass ${cases}`, '# fail 0', '# skipped 0'])
      expect(tap.split('\n')).toContain(line);
  });
});
