import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const out = mkdtempSync(join(tmpdir(), 'pack-'));
const run = (command: string, args: string[]): void => {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
};
for (const file of globSync('packages/*/package.json')) {
  run('npm', ['pack', '--silent', '--workspace', dirname(file), '--pack-destination', out]);
  run('publint', [dirname(file), '--strict']);
}
for (const tarball of readdirSync(out)) run('attw', [join(out, tarball), '--profile', 'esm-only']);
