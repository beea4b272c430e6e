import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

if (Number(process.versions.node.split('.')[0]) < 22)
  throw new Error(
    'Node 22.19 or newer is needed: run "npm ci", then "npm run check", which brings Node 24 along.',
  );

// The tools of the project, and its Node, also when this file is not run through npm.
const env = { ...process.env, PATH: `${resolve('node_modules/.bin')}${delimiter}${process.env.PATH}` };
const run = (command: string, ...args: readonly string[]): boolean => {
  const { status } = spawnSync(command, args, { env, stdio: 'inherit' });
  if (status === 0) return true;
  console.log(`This failed: ${command} ${args.join(' ')}`);
  process.exitCode = 1;
  return false;
};

/** What would be published: built, packed and looked at as a user's tools see it. */
function checkPackages(tarballs: string): void {
  if (!run('npm', 'run', 'build', '--silent')) return;
  for (const manifest of globSync('packages/*/package.json').sort()) {
    if (JSON.parse(readFileSync(manifest, 'utf8')).private) continue;
    run('npm', 'pack', '--silent', '--workspace', dirname(manifest), '--pack-destination', tarballs);
    run('publint', dirname(manifest), '--strict');
  }
  for (const tarball of readdirSync(tarballs)) run('attw', join(tarballs, tarball), '--profile', 'esm-only');
}

const tarballs = mkdtempSync(join(tmpdir(), 'mailsphere-pack-'));
try {
  checkPackages(tarballs);
} finally {
  rmSync(tarballs, { recursive: true });
}
