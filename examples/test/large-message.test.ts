import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const main = fileURLToPath(new URL('../demo/main.ts', import.meta.url));

/** Runs the demo, and tells how much memory its process used at most, in MB. */
function peakMemory(mail: string, keep: string): number {
  const output = execFileSync(
    process.execPath,
    // Without a cap, V8 lets garbage grow as it likes, and it counts like what is needed.
    [
      '--conditions=@mailsphere/source',
      '--max-semi-space-size=8',
      main,
      '--users',
      '2',
      '--mail',
      mail,
      '--keep',
      keep,
    ],
    { encoding: 'utf8' },
  );
  expect(output).toMatch(/verified +(\d+) of \1 messages/);
  return Number(/at most (\d+) MB of memory/.exec(output)?.[1]);
}

it('a message of 150 MB passes with less than 100 MB of additional memory', () => {
  const root = mkdtempSync(join(tmpdir(), 'mailsphere-large-'));
  try {
    const mail = join(root, 'source');
    mkdirSync(mail);
    for (let index = 0; index < 20; index++)
      writeFileSync(join(mail, `${index}.eml`), `Subject: ${index}\r\n\r\nbody\r\n`);
    const before = peakMemory(mail, join(root, 'small'));
    const large = openSync(join(mail, 'large.eml'), 'w');
    const megabyte = randomBytes(1e6);
    for (let index = 0; index < 150; index++) writeSync(large, megabyte);
    closeSync(large);
    expect(peakMemory(mail, join(root, 'large')) - before).toBeLessThan(100);
  } finally {
    rmSync(root, { recursive: true });
  }
}, 120_000);
