import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

it('the adapter of the guide passes the suite that it is shown with', async () => {
  const guide = readFileSync(join(root, 'docs/storage-adapters.md'), 'utf8');
  const [, sample = ''] = /```ts\n(.*?)```/s.exec(guide) ?? [];
  // Inside the repository, so that the packages are found.
  const folder = mkdtempSync(join(root, '.guide-'));
  try {
    const file = join(folder, 'map-storage.ts');
    writeFileSync(file, sample);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@mailsphere/source', '--test', '--test-reporter=tap', file],
      { env: { PATH: process.env.PATH } },
    );
    expect(stdout).toMatch(/^# fail 0$/m);
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(20);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
