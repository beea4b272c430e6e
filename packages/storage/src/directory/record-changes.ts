import type { DirectoryBatch } from '@mailsphere/core';
import { chunks } from './chunks.ts';
import type { StoredEntry } from './entries.ts';
import { type MemberLog, memberLog } from './member-log.ts';
import { entryReaders } from './read-entries.ts';
import type { SqlTables } from './sql-dialect.ts';

/** The entries after some work, by id; `kept`: they are as before. An entry that is not named is gone. */
type After = ReadonlyMap<string, StoredEntry | undefined> | 'kept' | undefined;

/**
 * Does some work on entries, and writes down what it really changed, in the transaction of the work.
 *
 * @param ids Of the entries that the work may change, each once.
 * @param log Of work on members that was done before.
 */
export async function recordChanges(
  tables: SqlTables,
  { connectionId, kind, generation }: DirectoryBatch,
  ids: readonly string[],
  work: (log: MemberLog) => Promise<After>,
  log: MemberLog = memberLog(),
): Promise<void> {
  const read = entryReaders(tables)[kind];
  const entries = await read(connectionId, { among: tables.dialect.ids('id', ids) });
  const before = new Map<string, StoredEntry>(entries.map((entry) => [entry.id, entry]));
  const outcome = await work(log);
  const after = outcome === 'kept' ? before : outcome;
  const changes = ids.flatMap((id) => {
    const old = jsonOf(before.get(id));
    const now = jsonOf(after?.get(id));
    const { added, removed } = log.of(id);
    if (old === now && added.length === 0 && removed.length === 0) return [];
    const verb = old === null ? 'created' : now === null ? 'removed' : 'updated';
    const members = kind === 'group' && now !== null ? JSON.stringify({ added, removed }) : null;
    return {
      connection_id: connectionId,
      kind,
      id,
      verb,
      before: old,
      after: now,
      members,
      generation,
    } as const;
  });
  for (const part of chunks(changes)) await tables.db.insertInto('directory_changes').values(part).execute();
}

const jsonOf = (entry: StoredEntry | undefined): string | null => (entry ? JSON.stringify(entry) : null);
