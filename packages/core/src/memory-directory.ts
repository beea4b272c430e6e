import { ConnectorError } from './connector-error.ts';
import type { DirectoryEntry, DirectoryGroup, DirectorySink, GroupMember } from './directory.ts';

/** A group without its members: those are read apart. */
export type GroupEntry = Omit<DirectoryGroup, 'members'>;

/** A directory in the memory of this process, with a way to look into it. */
export interface MemoryDirectory extends DirectorySink {
  /** What is stored of the connection, in no particular order. */
  entries(connectionId: string): readonly (Exclude<DirectoryEntry, DirectoryGroup> | GroupEntry)[];
  /** The direct members of a group. */
  members(connectionId: string, groupId: string): readonly GroupMember[];
}

interface Stored {
  readonly entry: DirectoryEntry;
  readonly generation: number;
  readonly members: Map<string, { readonly member: GroupMember; readonly generation: number }>;
}

/**
 * A directory in memory: for tests, trials, and as the reference of what a `DirectorySink` does.
 * Nothing survives the process.
 */
export function memoryDirectory(): MemoryDirectory {
  const connections = new Map<string, Map<string, Stored>>();
  const epochs = new Map<string, number>();
  const keyOf = (kind: string, id: string) => `${kind}/${id}`;

  return {
    async apply({ connectionId, kind, generation, epoch, changes, sweep }) {
      if (epoch < (epochs.get(connectionId) ?? epoch))
        throw new ConnectorError('conflict', 'A later sync of this connection has written already.');
      epochs.set(connectionId, epoch);
      const directory = connections.get(connectionId) ?? new Map<string, Stored>();
      connections.set(connectionId, directory);
      for (const change of changes) {
        if (change.type === 'removed') directory.delete(keyOf(kind, change.id));
        else store(directory, keyOf(kind, change.item.id), structuredClone(change.item), generation);
      }
      if (!sweep) return;
      for (const [key, { entry, generation: seen, members }] of directory) {
        if (entry.kind !== kind) continue;
        if (seen < generation) directory.delete(key);
        for (const [id, membership] of members) if (membership.generation < generation) members.delete(id);
      }
    },
    async measure(connectionId, kind, generation) {
      const entries = [...(connections.get(connectionId)?.values() ?? [])].filter(
        ({ entry }) => entry.kind === kind,
      );
      return {
        stored: entries.length,
        stale: entries.filter(({ generation: seen }) => seen < generation).length,
      };
    },
    async present(connectionId, kind, ids, generation) {
      const directory = connections.get(connectionId);
      return ids.filter((id) => (directory?.get(keyOf(kind, id))?.generation ?? -1) >= generation);
    },
    entries(connectionId) {
      return [...(connections.get(connectionId)?.values() ?? [])].map(({ entry }) => {
        if (entry.kind !== 'group') return structuredClone(entry);
        const { members: _, ...group } = entry;
        return structuredClone(group);
      });
    },
    members(connectionId, groupId) {
      const group = connections.get(connectionId)?.get(keyOf('group', groupId));
      return [...(group?.members.values() ?? [])].map(({ member }) => ({ ...member }));
    },
  };
}

function store(directory: Map<string, Stored>, key: string, entry: DirectoryEntry, generation: number): void {
  const before = directory.get(key);
  const members: Stored['members'] = before?.members ?? new Map();
  // A late batch of an older round must not make a newer round's sweep take away what that round has seen.
  const newest = (seen: number | undefined) => Math.max(seen ?? 0, generation);
  if (entry.kind === 'group') {
    for (const id of entry.members.removed) members.delete(id);
    for (const member of entry.members.added)
      members.set(member.id, { member, generation: newest(members.get(member.id)?.generation) });
  }
  directory.set(key, { entry, generation: newest(before?.generation), members });
}
