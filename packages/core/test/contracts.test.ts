import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { memoryStorage } from '../src/index.ts';
import { runSuite, testDirectorySink, testMailArchive, testStorage } from '../src/testing/index.ts';
import { archiveUnderTest, directoryUnderTest } from './node/memory.ts';

testStorage({ describe, it }, async () => memoryStorage());
testDirectorySink({ describe, it }, async () => directoryUnderTest());
testMailArchive({ describe, it }, async () => archiveUnderTest(), { inMemory: true });

describe('the contract suites', () => {
  it('run without a test runner, and name what could not be tested', async () => {
    const results = await runSuite((runner) => testStorage(runner, async () => memoryStorage()));
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(results.filter(({ skipped }) => skipped).map(({ name }) => name)).toEqual([
      expect.stringContaining('not durable'),
    ]);
  });

  it('show a case that cannot be tested also where the runner knows no skip', () => {
    const names: string[] = [];
    const it = (name: string) => void names.push(name);
    testStorage({ describe: (_, body) => body(), it }, async () => memoryStorage());
    expect(names.filter((name) => name.startsWith('NOT TESTED'))).toHaveLength(1);
  });

  it('run under node:test as well, with the same cases', async () => {
    const file = fileURLToPath(new URL('node/contracts.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@mailsphere/source', '--test', '--test-reporter=tap', file],
      // Under vitest the parent's variables would make the child think that it is a worker of a test run.
      { env: { PATH: process.env.PATH } },
    );
    const count = (word: string) => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(stdout)?.[1]);
    const cases = await Promise.all([
      runSuite((runner) => testStorage(runner, async () => memoryStorage())),
      runSuite((runner) => testDirectorySink(runner, async () => directoryUnderTest())),
      runSuite((runner) => testMailArchive(runner, async () => archiveUnderTest(), { inMemory: true })),
    ]);
    expect(count('fail')).toBe(0);
    expect(count('skipped')).toBe(5);
    expect(count('pass')).toBe(cases.flat().length - 5);
  });
});
