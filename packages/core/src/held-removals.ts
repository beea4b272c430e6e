import type { DirectoryChange, DirectoryKind, DirectorySink } from './directory.ts';
import { presentIn } from './present-in.ts';
import { createRecords, recordId } from './records.ts';
import type { StorageAdapter } from './storage-adapter.ts';

/** From how many removals on a round is not believed: more than both. */
export interface RemovalThreshold {
  /** Of the entries of one kind that are stored, between 0 and 1. @default 0.1 */
  readonly share: number;
  /** Entries of one kind. @default 20 */
  readonly count: number;
}

/** What a run did not remove of one kind. */
export interface HeldRemovals {
  /** How many entries would go. */
  readonly removals: number;
  /** Of so many that are stored. */
  readonly stored: number;
}

type Removal = Extract<DirectoryChange, { type: 'removed' }>;

interface HeldRecord {
  readonly reason: Removal['reason'];
}

/** The removals of one connection and kind that wait for the end of their round; they outlive the process. */
export interface RoundRemovals {
  readonly size: number;
  has(entryId: string): boolean;
  /** Takes the removals of a page out, and keeps them; gives back the rest. An entry that came back waits no longer. */
  take(changes: readonly DirectoryChange[]): Promise<readonly DirectoryChange[]>;
  /** A full read has ended: what an older generation saw is to go. */
  holdSweep(generation: number): Promise<void>;
  /** The generation of the sweep that waits. */
  readonly sweep: number | undefined;
  all(): readonly Removal[];
  /** They were applied. */
  clear(): Promise<void>;
}

/** Opens what an earlier run left waiting. */
export async function openRemovals(
  storage: StorageAdapter,
  connectionId: string,
  kind: DirectoryKind,
): Promise<RoundRemovals> {
  const removals = createRecords<HeldRecord>(storage, 'removals');
  const sweeps = createRecords<{ readonly generation: number }>(storage, 'sweeps');
  const prefix = `${recordId(connectionId, kind)}/`;
  const idOf = (entryId: string) => recordId(connectionId, kind, entryId);
  const waiting = new Map<string, Removal>();
  for await (const { id, value } of removals.list(prefix)) {
    const entryId = decodeURIComponent(id.slice(prefix.length));
    waiting.set(entryId, { type: 'removed', id: entryId, reason: value.reason });
  }
  let sweep = (await sweeps.get(recordId(connectionId, kind)))?.value.generation;

  return {
    get size() {
      return waiting.size;
    },
    get sweep() {
      return sweep;
    },
    has: (entryId) => waiting.has(entryId),
    async take(changes) {
      const rest: DirectoryChange[] = [];
      for (const change of changes) {
        if (change.type === 'upserted') {
          const gone = waiting.get(change.item.id);
          // A group that went and came back begins without members: the service lists those that it has now.
          if (gone && kind === 'group') rest.push(gone);
          rest.push(change);
          if (gone) {
            waiting.delete(gone.id);
            await removals.delete(idOf(gone.id));
          }
        } else if (!waiting.has(change.id)) {
          await removals.put(idOf(change.id), { reason: change.reason });
          waiting.set(change.id, change);
        }
      }
      return rest;
    },
    async holdSweep(generation) {
      sweep = generation;
      await sweeps.put(recordId(connectionId, kind), { generation });
    },
    all: () => [...waiting.values()],
    async clear() {
      for (const entryId of waiting.keys()) await removals.delete(idOf(entryId));
      waiting.clear();
      if (sweep !== undefined) await sweeps.delete(recordId(connectionId, kind));
      sweep = undefined;
    },
  };
}

/** How many stored entries would go if what waits were removed. */
export async function measureRemovals(
  sink: DirectorySink,
  connectionId: string,
  kind: DirectoryKind,
  { sweep, ids }: { readonly sweep: number | undefined; readonly ids: readonly string[] },
): Promise<HeldRemovals> {
  const { stored, stale } = await sink.measure(connectionId, kind, sweep ?? 0);
  // Of what a full read did not find again, the service may have told as well: nothing counts twice.
  const told = await presentIn(sink, connectionId, kind, ids, sweep ?? 0);
  return { removals: stale + told.length, stored };
}

/** Whether so many removals are more than is believable. */
export const exceeds = ({ removals, stored }: HeldRemovals, { share, count }: RemovalThreshold): boolean =>
  removals > count && removals > stored * share;

/** Forgets what waits, of all kinds. */
export async function eraseRemovals(storage: StorageAdapter, connectionId: string): Promise<void> {
  for (const collection of ['removals', 'sweeps']) {
    const records = createRecords<unknown>(storage, collection);
    for await (const { id } of records.list(`${recordId(connectionId)}/`)) await records.delete(id);
  }
}
