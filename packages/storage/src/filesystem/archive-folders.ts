import { mkdir, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConnectorError } from '@mailsphere/core';
import type { MessagePlace } from './archive-layout.ts';
import { hasCode } from './disk.ts';
import { manifestFile, mendManifest } from './manifest.ts';

export interface ArchiveFolders {
  /**
   * Resolves when the folder of a message exists and is durable with everything that is in it by now, those above it included.
   * Done once for each folder in the life of this object: what is written later, the writer syncs.
   */
  settle(place: MessagePlace): Promise<void>;
  /** Forgets what is known, after a failure: the folders may have changed. */
  forget(): void;
}

// Folders that are remembered before all are forgotten: about 10 MB.
const REMEMBERED = 50_000;

export function archiveFolders(directory: string, sync: (folder: string) => Promise<void>): ArchiveFolders {
  const known = new Map<string, Promise<void>>();
  const once = (folder: string, work: () => Promise<void>) => {
    const before = known.get(folder);
    if (before) return before;
    if (known.size >= REMEMBERED) known.clear();
    const settled = work();
    known.set(folder, settled);
    settled.catch(() => known.delete(folder));
    return settled;
  };

  const settleMailbox = (mailbox: string) =>
    once(mailbox, async () => {
      const tenant = dirname(mailbox);
      await makeFolder(tenant);
      await makeFolder(mailbox);
      await mendManifest(manifestFile(mailbox));
      await Promise.all([sync(directory), sync(tenant)]);
    });

  return {
    settle: ({ mailbox, folder }) =>
      once(folder, async () => {
        await settleMailbox(mailbox);
        await makeFolder(folder);
        if ((await realpath(folder)) !== folder)
          throw new ConnectorError(
            'storage_failed',
            'The archive folder: a folder in it is a symbolic link that points elsewhere: remove the link.',
          );
        await Promise.all([sync(mailbox), sync(folder)]);
      }),
    forget: () => known.clear(),
  };
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}
