import type { DirectoryBatch, DirectoryKind } from '@mailsphere/core';
import type { Kysely } from 'kysely';
import { advanceEpoch } from './advance-epoch.ts';
import { chunks } from './chunks.ts';
import { type DirectoryOutcome, outcomesOf } from './directory-outcome.ts';
import { jsonList } from './json-list.ts';
import type { SqliteTables } from './tables.ts';
import { type StoredRow, upsertDomains, upsertGroups, upsertUsers } from './upsert-entries.ts';
import { removeAddresses, replaceAddresses } from './write-addresses.ts';
import { changeMembers } from './write-members.ts';

const TABLES = {
  domain: 'directory_domains',
  user: 'directory_users',
  group: 'directory_groups',
} as const satisfies Record<DirectoryKind, keyof SqliteTables>;

/**
 * Brings one batch into the tables. To be called within a transaction.
 *
 * @throws ConnectorError `conflict` when a batch of a higher epoch came before.
 */
export async function applyBatch(db: Kysely<SqliteTables>, batch: DirectoryBatch): Promise<void> {
  const { connectionId, kind, generation } = batch;
  await advanceEpoch(db, batch);
  const rows = db.selectFrom(TABLES[kind]).select('row').where('connection_id', '=', connectionId);
  const outcomes = outcomesOf(batch.changes);

  const cleared = outcomes.filter((outcome) => outcome.cleared).map(({ id }) => id);
  if (cleared.length > 0) await remove(db, kind, await rows.where('id', 'in', jsonList(cleared)).execute());

  for (const part of chunks(outcomes.filter(({ entry }) => entry !== undefined)))
    await store(db, batch, part);

  if (!batch.sweep) return;
  await remove(db, kind, await rows.where('generation', '<', generation).execute());
  if (kind !== 'group') return;
  await db
    .deleteFrom('directory_members')
    .where('group_row', 'in', rows)
    .where('generation', '<', generation)
    .execute();
}

/** Removes entries of one kind with all that belongs to them. */
async function remove(
  db: Kysely<SqliteTables>,
  kind: DirectoryKind,
  entries: readonly { readonly row: number }[],
): Promise<void> {
  const rows = entries.map(({ row }) => row);
  if (kind === 'group')
    await db.deleteFrom('directory_members').where('group_row', 'in', jsonList(rows)).execute();
  if (kind !== 'domain') await removeAddresses(db, kind, rows);
  await db.deleteFrom(TABLES[kind]).where('row', 'in', jsonList(rows)).execute();
}

async function store(
  db: Kysely<SqliteTables>,
  { connectionId, kind, generation }: DirectoryBatch,
  outcomes: readonly DirectoryOutcome[],
): Promise<void> {
  const round = { connectionId, generation };
  const entries = outcomes.flatMap(({ entry }) => entry ?? []);
  if (kind === 'domain') {
    await upsertDomains(
      db,
      round,
      entries.filter((entry) => entry.kind === 'domain'),
    );
  } else if (kind === 'user') {
    const users = entries.filter((entry) => entry.kind === 'user');
    const stored = await upsertUsers(db, round, users);
    await replaceAddresses(db, { connectionId, kind }, withRows(users, stored));
  } else {
    const groups = entries.filter((entry) => entry.kind === 'group');
    const stored = await upsertGroups(db, round, groups);
    await replaceAddresses(db, { connectionId, kind }, withRows(groups, stored));
    await changeMembers(db, generation, withRows(outcomes, stored));
  }
}

/** Puts each item together with the row that it is stored in. SQLite returns rows in no certain order. */
function withRows<T extends { readonly id: string }>(
  items: readonly T[],
  stored: readonly StoredRow[],
): readonly (T & StoredRow)[] {
  const rows = new Map(stored.map(({ id, row }) => [id, row]));
  return items.flatMap((item) => {
    const row = rows.get(item.id);
    return row === undefined ? [] : { ...item, row };
  });
}
