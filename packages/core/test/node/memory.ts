import { type MemoryDirectory, memoryArchive, memoryDirectory } from '../../src/index.ts';
import type { DirectorySinkUnderTest, MailArchiveUnderTest } from '../../src/testing/index.ts';

/** The memory implementations as the suites take them. */
export const directoryUnderTest = (sink: MemoryDirectory = memoryDirectory()): DirectorySinkUnderTest => ({
  sink,
  read: async (connectionId) =>
    sink.entries(connectionId).map((entry) => {
      if (entry.kind === 'domain') return entry;
      const addresses = entry.addresses.map(({ address }) => address);
      if (entry.kind === 'user') return { ...entry, addresses };
      const members = sink.members(connectionId, entry.id).map(({ id }) => id);
      return { ...entry, addresses, members };
    }),
});

export const archiveUnderTest = (archive = memoryArchive()): MailArchiveUnderTest => ({
  archive,
  read: archive.read,
});
