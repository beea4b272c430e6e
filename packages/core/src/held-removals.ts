import { ConnectorError } from './connector-error.ts';
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

/** What waits, as an earlier run left it. */
export interface WaitingRemovals {
  readonly size: number;
  /** The generation of the sweep that waits. */
  readonly sweep: number | undefined;
  /** They were too many to believe: they stay until they are let through, or have all come back. */
  readonly held: boolean;
  has(entryId: string): boolean;
  all(): readonly Removal[];
}

/** The removals of one connection and kind that wait for the end of their round; they outlive the process. */
export interface RoundRemovals extends WaitingRemovals {
  /** Takes the removals of a page out, and keeps them; gives back the rest, with what is to go before an entry comes back. */
  take(changes: readonly DirectoryChange[]): Promise<readonly DirectoryChange[]>;
  /** The rest is stored: what came back waits no longer. Before that it must not be forgotten, as the page may have to be read again. */
  settle(): Promise<void>;
  hold(): Promise<void>;
  /** A full read has ended: what an older generation saw is to go. */
  holdSweep(generation: number): Promise<void>;
  /** They were applied. */
  clear(): Promise<void>;
}

interface Head {
  /** The run whose chunks count. */
  readonly epoch: number;
  readonly sweep?: number | undefined;
  readonly held?: boolean | undefined;
}

type Chunk = readonly (readonly [id: string, reason: Removal['reason']])[];

// Entries in one record: a page with removals costs one write, and a mass removal no record that grows without end.
const CHUNK = 500;

const recordsOf = (storage: StorageAdapter, connectionId: string, kind: DirectoryKind) => {
  const heads = createRecords<Head>(storage, 'removals');
  const chunks = createRecords<Chunk>(storage, 'removal-chunks');
  const headId = recordId(connectionId, kind);
  const prefix = (epoch: number) => `${recordId(connectionId, kind, String(epoch))}/`;
  const load = async () => {
    const head = await heads.get(headId);
    const found: Map<string, Removal>[] = [];
    if (head)
      for await (const { value } of chunks.list(prefix(head.value.epoch)))
        found.push(new Map(value.map(([id, reason]) => [id, { type: 'removed', id, reason }])));
    return { head, found };
  };
  return { heads, chunks, headId, prefix, load };
};

/** Looks at what waits. */
export async function readRemovals(
  storage: StorageAdapter,
  connectionId: string,
  kind: DirectoryKind,
): Promise<WaitingRemovals> {
  const { head, found } = await recordsOf(storage, connectionId, kind).load();
  return { ...lookInto(found), sweep: head?.value.sweep, held: head?.value.held === true };
}

/**
 * Takes over what an earlier run left waiting. From then on only what this run writes counts: an earlier one that was taken for dead
 * may go on writing, and would bring back removals that were dealt with.
 *
 * @param epoch Of the run's lease.
 * @throws ConnectorError `conflict` when a later run was faster
 */
export async function openRemovals(
  storage: StorageAdapter,
  connectionId: string,
  kind: DirectoryKind,
  epoch: number,
): Promise<RoundRemovals> {
  const { heads, chunks, headId, prefix, load } = recordsOf(storage, connectionId, kind);
  const { head, found } = await load();
  let sweep = head?.value.sweep;
  let held = head?.value.held === true;
  const write = async (index: number) => {
    const chunk = found[index] ?? new Map<string, Removal>();
    const value: Chunk = [...chunk.values()].map(({ id, reason }) => [id, reason]);
    await chunks.put(`${prefix(epoch)}${String(index).padStart(8, '0')}`, value);
  };
  /** What an earlier run writes is not looked at by anybody; it need not be written, either. */
  const writeAll = async (indexes: Iterable<number>) => {
    const all = [...indexes];
    if (all.length > 0 && (await heads.get(headId))?.version !== version)
      throw new ConnectorError('conflict', 'A later sync of this connection is at work.');
    for (const index of all) await write(index);
  };
  for (const index of found.keys()) await write(index);
  let version = await heads.put(headId, { epoch, sweep, held }, head?.version ?? null);
  const writeHead = async () => {
    version = await heads.put(headId, { epoch, sweep, held }, version);
  };
  for await (const { id } of chunks.list(`${headId}/`))
    if (!id.startsWith(prefix(epoch))) await chunks.delete(id);

  const back = new Set<string>();
  const place = (id: string) => found.findIndex((chunk) => chunk.has(id));
  const add = (removal: Removal): number => {
    if ((found.at(-1)?.size ?? CHUNK) >= CHUNK) found.push(new Map());
    found.at(-1)?.set(removal.id, removal);
    return found.length - 1;
  };

  return {
    ...lookInto(found),
    get size() {
      return sizeOf(found);
    },
    get sweep() {
      return sweep;
    },
    get held() {
      return held;
    },
    async take(changes) {
      const rest: DirectoryChange[] = [];
      const added = new Set<number>();
      for (const change of changes) {
        const id = change.type === 'removed' ? change.id : change.item.id;
        const gone = found[place(id)]?.get(id);
        if (change.type === 'removed') {
          back.delete(id);
          if (!gone) added.add(add(change));
          continue;
        }
        // A group that went and came back begins without members: the service lists those that it has now.
        if (gone && kind === 'group' && !back.has(id)) rest.push(gone);
        rest.push(change);
        if (gone) back.add(id);
      }
      await writeAll(added);
      return rest;
    },
    async settle() {
      const changed = new Set<number>();
      for (const id of back) {
        const at = place(id);
        if (found[at]?.delete(id)) changed.add(at);
      }
      back.clear();
      await writeAll(changed);
    },
    async holdSweep(generation) {
      sweep = generation;
      await writeHead();
    },
    async hold() {
      if (held) return;
      held = true;
      await writeHead();
    },
    async clear() {
      for await (const { id } of chunks.list(prefix(epoch))) await chunks.delete(id);
      found.length = 0;
      if (sweep === undefined && !held) return;
      sweep = undefined;
      held = false;
      await writeHead();
    },
  };
}

const sizeOf = (found: readonly ReadonlyMap<string, Removal>[]) =>
  found.reduce((sum, chunk) => sum + chunk.size, 0);

const lookInto = (found: readonly ReadonlyMap<string, Removal>[]) => ({
  size: sizeOf(found),
  has: (entryId: string) => found.some((chunk) => chunk.has(entryId)),
  all: () => found.flatMap((chunk) => [...chunk.values()]),
});

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
  for (const collection of ['removals', 'removal-chunks']) {
    const records = createRecords<unknown>(storage, collection);
    for await (const { id } of records.list(`${recordId(connectionId)}/`)) await records.delete(id);
  }
}
