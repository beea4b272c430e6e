import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let root: string | undefined;

/** A new folder, removed when the process ends, or before that by `removeTemporaryFolders`. */
export function temporaryFolder(): string {
  root ??= mkdtempSync(join(tmpdir(), 'mailsphere-storage-'));
  return mkdtempSync(join(root, 'case-'));
}

/** For runners that end their processes without an exit. */
export function removeTemporaryFolders(): void {
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
  root = undefined;
}

process.once('exit', removeTemporaryFolders);
