import type { DirectoryKind, DirectorySink } from '../directory.ts';

/** What the suite looks at of an entry; a sink of one's own may store less of it than it was given, but not less than this. */
export interface StoredEntry {
  readonly kind: DirectoryKind;
  readonly id: string;
  /** Of users, contacts and groups. */
  readonly displayName?: string | undefined;
  /** Of users, contacts and groups, the primary one first. */
  readonly addresses?: readonly string[] | undefined;
  /** Ids of the direct members of a group, in any order. */
  readonly members?: readonly string[] | undefined;
}

/** A sink, and a way to see what it stored. */
export interface DirectorySinkUnderTest {
  readonly sink: DirectorySink;
  /** Everything that is now stored of the connection, in any order. */
  readonly read: (connectionId: string) => Promise<readonly StoredEntry[]>;
}

type Read = DirectorySinkUnderTest['read'];

const keyOf = ({ kind, id }: StoredEntry) => `${kind}/${id}`;

export const ids = async (read: Read) => (await read('one')).map(keyOf).sort();

export const members = async (read: Read, groupId: string) =>
  (await read('one')).find((entry) => keyOf(entry) === `group/${groupId}`)?.members?.toSorted();

/** Only what the suite looks at, in one order. */
export const sorted = (entries: readonly StoredEntry[]) =>
  entries
    .map(({ kind, id, displayName, addresses, members }) => ({
      kind,
      id,
      ...(kind === 'domain' ? {} : { displayName, addresses }),
      ...(kind === 'group' ? { members: members?.toSorted() } : {}),
    }))
    .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
