import type { SqlTables } from './sql-dialect.ts';
import type { RecordedChange } from './sql-directory.ts';
import { asText } from './text.ts';

// Numbers are given out one by one, and while one batch of a connection holds its lock no other one gets any: so within a connection
// they are in the order of the commits, and no smaller one appears later.
export async function readChanges(
  { db }: SqlTables,
  connectionId: string,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly RecordedChange[]> {
  const rows = await db
    .selectFrom('directory_changes')
    .select(['kind', 'id', 'verb'])
    .select([
      asText('sequence').as('sequence'),
      asText('before').as('before'),
      asText('after').as('after'),
      asText('members').as('members'),
      asText('generation').as('generation'),
    ])
    .where('connection_id', '=', connectionId)
    .where('sequence', '>', after)
    .orderBy('directory_changes.sequence')
    .limit(limit)
    .execute();
  return rows.map(
    ({ sequence, kind, id, verb, before, after: now, members, generation }) =>
      ({
        position: Number(sequence),
        kind,
        id,
        verb,
        before: parse(before),
        after: parse(now),
        members: parse(members),
        generation: Number(generation),
      }) as RecordedChange,
  );
}

export async function pruneChanges({ db }: SqlTables, connectionId: string, upTo: number): Promise<void> {
  await db
    .deleteFrom('directory_changes')
    .where('connection_id', '=', connectionId)
    .where('sequence', '<=', upTo)
    .execute();
}

const parse = (json: string | null): unknown => (json === null ? undefined : JSON.parse(json));
