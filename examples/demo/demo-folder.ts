import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ConnectorError } from '@mailsphere/core';
import type { DemoOptions } from './demo-options.ts';

/**
 * The folder for state and mail: the one to keep, or a new temporary one.
 * @throws ConnectorError `storage_failed` when it cannot be written, `invalid_options` when it belongs to another tenant
 */
export function openDemoFolder(options: DemoOptions): string {
  if (options.keep === undefined) return mkdtempSync(join(tmpdir(), 'mailsphere-demo-'));
  const directory = resolve(options.keep);
  const file = join(directory, 'demo.json');
  const tenant = describeTenant(options);
  try {
    makeFolder(directory);
    writeFileSync(file, JSON.stringify(tenant), { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if (!hasCode(cause, 'EEXIST') || !statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
      throw new ConnectorError(
        'storage_failed',
        '--keep: the folder cannot be written. Choose another one, or make it writable.',
        { cause, field: 'keep' },
      );
    }
    const before = readTenant(file);
    for (const [name, value] of Object.entries(tenant)) {
      if (before[name] === value) continue;
      throw new ConnectorError(
        'invalid_options',
        name === 'messagesOf'
          ? '--keep: the folder belongs to other messages: those of --mail have changed since. Use another folder.'
          : `--keep: the folder belongs to a run with --${name} ${before[name]}, not ${value}. Use the same, or another folder.`,
        { field: 'keep' },
      );
    }
  }
  return directory;
}

/** What makes the simulated tenant what it is: a folder's state fits only the tenant that it came from. */
function describeTenant({ users, messages, seed, mail, tenant }: DemoOptions) {
  const numbers: Record<string, string> = {
    users: `${users}`,
    messages: `${messages}`,
    seed: `${seed}`,
    tenant,
    mail: mail === undefined ? 'none' : resolve(mail),
  };
  return mail === undefined ? numbers : { ...numbers, messagesOf: fingerprint(mail) };
}

/** Names and sizes of the messages; a folder that cannot be listed is the simulator's to complain about. */
function fingerprint(path: string): string {
  const hash = createHash('sha256');
  try {
    const names = statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()
      : [''];
    for (const name of names) hash.update(`${name}\0${statSync(join(path, name)).size}\0`);
  } catch {
    return 'unreadable';
  }
  return hash.digest('hex');
}

function readTenant(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConnectorError(
      'storage_failed',
      '--keep: demo.json in the folder is damaged. Use another folder.',
      {
        cause,
        field: 'keep',
      },
    );
  }
}

/** One level after the other: asked to do it all at once, Node does not come back from places like /proc. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return;
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error;
    makeFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}

const hasCode = (error: unknown, code: string) =>
  error instanceof Error && 'code' in error && error.code === code;
