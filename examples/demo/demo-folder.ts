import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConnectorError } from '@mailsphere/core';
import type { DemoOptions } from './demo-options.ts';

/** What makes the simulated tenant what it is: a folder's state fits only the tenant that it came from. */
const tenantOf = ({ users, messages, seed, mail, tenant }: DemoOptions) => ({
  users,
  messages,
  seed,
  tenant,
  mail: mail === undefined ? null : resolve(mail),
});

/**
 * The folder for state and mail: the one to keep, or a new temporary one.
 * @throws ConnectorError `storage_failed` when it cannot be written, `invalid_options` when it belongs to another tenant
 */
export function openDemoFolder(options: DemoOptions): string {
  if (options.keep === undefined) return mkdtempSync(join(tmpdir(), 'mailsphere-demo-'));
  const directory = resolve(options.keep);
  const file = join(directory, 'demo.json');
  const tenant = JSON.stringify(tenantOf(options));
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(file, tenant, { flag: 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST' || !isDirectory(directory)) {
      throw new ConnectorError(
        'storage_failed',
        '--keep: the folder cannot be written. Choose another one, or make it writable.',
        { cause, field: 'keep' },
      );
    }
    if (readFileSync(file, 'utf8') !== tenant) {
      throw new ConnectorError(
        'invalid_options',
        `--keep: the folder belongs to a run with other options (${readFileSync(file, 'utf8')}). Use the same ones, or another folder.`,
        { field: 'keep' },
      );
    }
  }
  return directory;
}

const isDirectory = (path: string) => {
  try {
    mkdirSync(path, { recursive: true });
    return true;
  } catch {
    return false;
  }
};
