import type { DirectoryRun } from './directory-run.ts';
import { createRecords, recordId } from './records.ts';
import type { StorageAdapter, Version } from './storage-adapter.ts';

// A month of daily runs.
const KEPT = 30;

/** The records of the directory syncs of all connections. */
export interface DirectoryRuns {
  /** `epoch`: of the lease under which it ran; times may go back. */
  add(run: DirectoryRun, epoch: number): Promise<void>;
  last(connectionId: string): Promise<{ readonly run: DirectoryRun; readonly version: Version } | undefined>;
  /** The last runs, the newest first. */
  list(connectionId: string): Promise<readonly DirectoryRun[]>;
  erase(connectionId: string): Promise<void>;
}

export function createDirectoryRuns(storage: StorageAdapter): DirectoryRuns {
  const runs = createRecords<DirectoryRun>(storage, 'runs');
  const prefixOf = (connectionId: string) => `${recordId(connectionId, 'directory')}/`;
  const all = async (connectionId: string) => Array.fromAsync(runs.list(prefixOf(connectionId)));

  return {
    async add(run, epoch) {
      await runs.put(recordId(run.connectionId, 'directory', String(epoch).padStart(12, '0')), run);
      for (const { id } of (await all(run.connectionId)).slice(0, -KEPT)) await runs.delete(id);
    },
    async last(connectionId) {
      const last = (await all(connectionId)).at(-1);
      return last && { run: last.value, version: last.version };
    },
    list: async (connectionId) => (await all(connectionId)).map(({ value }) => value).reverse(),
    async erase(connectionId) {
      for (const { id } of await all(connectionId)) await runs.delete(id);
    },
  };
}
