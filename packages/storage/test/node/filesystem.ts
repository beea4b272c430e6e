import type { MailArchiveUnderTest } from '@mailsphere/core/testing';
import { filesystemArchive } from '../../src/filesystem/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const directories = new WeakMap<object, string>();

/** A folder of files as the suite takes it. */
export async function createArchive(directory = temporaryFolder()): Promise<MailArchiveUnderTest> {
  const archive = filesystemArchive({ directory });
  const underTest = { archive, read: archive.read };
  directories.set(underTest, directory);
  return underTest;
}

export async function reopenArchive(underTest: MailArchiveUnderTest): Promise<MailArchiveUnderTest> {
  await underTest.archive.close?.();
  return createArchive(directories.get(underTest));
}
