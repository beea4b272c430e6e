import type { DirectoryBatch, DirectoryKind } from '@mailsphere/core';
import { advanceEpoch } from './advance-epoch.ts';
import { chunks } from './chunks.ts';
import { type DirectoryOutcome, outcomesOf } from './directory-outcome.ts';
import type { StoredEntry } from './entries.ts';
import { type MemberLog, memberLog } from './member-log.ts';
import { recordChanges } from './record-changes.ts';
import type { SqlTables } from './sql-dialect.ts';
import { TABLES } from './tables.ts';
import { asText } from './text.ts';
import { upsertContacts, upsertDomains, upsertGroups, upsertUsers } from './upsert-entries.ts';
import { removeAddresses, replaceAddresses } from './write-addresses.ts';
import { changeMembers, removeMembers, sweepMembers } from './write-members.ts';

/**
 * Brings one batch into the tables. To be called within a transaction.
 *
 * @param recording Whether to write into `directory_changes` what really changed.
 * @throws ConnectorError `conflict` when a batch of a higher epoch came before, `invalid_request` for an id that cannot be stored.
 */
export async function applyBatch(
  tables: SqlTables,
  batch: DirectoryBatch,
  recording: boolean,
): Promise<void> {
  const outcomes = outcomesOf(batch.changes);
  await advanceEpoch(tables, batch);
  for (const part of chunks(outcomes)) {
    const ids = part.map(({ id }) => id);
    if (recording)
      await recordChanges(tables, batch, ids, async (log) => {
        await applyOutcomes(tables, batch, part, log);
        return new Map(part.map(({ id, entry }) => [id, entry]));
      });
    else await applyOutcomes(tables, batch, part, undefined);
  }
  if (batch.sweep) await sweep(tables, batch, recording);
}

async function applyOutcomes(
  tables: SqlTables,
  batch: DirectoryBatch,
  outcomes: readonly DirectoryOutcome[],
  log: MemberLog | undefined,
): Promise<void> {
  const cleared = outcomes.filter((outcome) => outcome.cleared).map(({ id }) => id);
  if (cleared.length > 0) {
    const entries = await entriesOf(tables, batch).where(tables.dialect.ids('id', cleared)).execute();
    await remove(tables, batch.kind, entries, log);
  }
  const stored = outcomes.filter(({ entry }) => entry !== undefined);
  if (stored.length > 0) await store(tables, batch, stored, log);
}

async function sweep(tables: SqlTables, batch: DirectoryBatch, recording: boolean): Promise<void> {
  const { connectionId, kind, generation } = batch;
  const stale = await entriesOf(tables, batch).where('generation', '<', generation).execute();
  for (const part of recording ? chunks(stale) : [stale]) {
    const removeAll = () => remove(tables, kind, part, undefined);
    const ids = part.map(({ id }) => id);
    if (recording) await recordChanges(tables, batch, ids, async () => void (await removeAll()));
    else await removeAll();
  }
  if (kind !== 'group') return;
  const log = recording ? memberLog() : undefined;
  const changed = await sweepMembers(tables, connectionId, generation, log);
  for (const part of chunks(changed)) await recordChanges(tables, batch, part, async () => 'kept', log);
}

const entriesOf = ({ db }: SqlTables, { connectionId, kind }: DirectoryBatch) =>
  db
    .selectFrom(TABLES[kind])
    .select(['id', asText('row').as('row')])
    .where('connection_id', '=', connectionId);

/** Removes entries of one kind with all that belongs to them. */
async function remove(
  tables: SqlTables,
  kind: DirectoryKind,
  entries: readonly { readonly id: string; readonly row: string }[],
  log: MemberLog | undefined,
): Promise<void> {
  if (entries.length === 0) return;
  const removed = entries.map(({ id, row }) => ({ id, row: Number(row) }));
  const rows = removed.map(({ row }) => row);
  if (kind === 'group') await removeMembers(tables, removed, log);
  if (kind !== 'domain') await removeAddresses(tables, kind, rows);
  await tables.db.deleteFrom(TABLES[kind]).where(tables.dialect.rows('row', rows)).execute();
}

async function store(
  tables: SqlTables,
  { connectionId, kind, generation }: DirectoryBatch,
  outcomes: readonly DirectoryOutcome[],
  log: MemberLog | undefined,
): Promise<void> {
  const round = { connectionId, generation };
  const entries = outcomes.flatMap(({ entry }) => entry ?? []);
  if (kind === 'domain') {
    await upsertDomains(tables, round, ofKind(entries, kind));
  } else if (kind === 'user') {
    const users = ofKind(entries, kind);
    const stored = await upsertUsers(tables, round, users);
    await replaceAddresses(tables, { connectionId, kind }, withRows(users, stored));
  } else if (kind === 'contact') {
    const contacts = ofKind(entries, kind);
    const stored = await upsertContacts(tables, round, contacts);
    await replaceAddresses(tables, { connectionId, kind }, withRows(contacts, stored));
  } else {
    const groups = ofKind(entries, kind);
    const stored = await upsertGroups(tables, round, groups);
    await replaceAddresses(tables, { connectionId, kind }, withRows(groups, stored));
    await changeMembers(tables, generation, withRows(outcomes, stored), log);
  }
}

const ofKind = <Kind extends DirectoryKind>(entries: readonly StoredEntry[], kind: Kind) =>
  entries.filter((entry): entry is Extract<StoredEntry, { readonly kind: Kind }> => entry.kind === kind);

/** Puts each item together with the row that it is stored in. Rows come back in no certain order. */
function withRows<T extends { readonly id: string }>(
  items: readonly T[],
  stored: readonly { readonly id: string; readonly row: string }[],
): readonly (T & { readonly row: number })[] {
  const rows = new Map(stored.map(({ id, row }) => [id, Number(row)]));
  return items.flatMap((item) => {
    const row = rows.get(item.id);
    return row === undefined ? [] : { ...item, row };
  });
}
