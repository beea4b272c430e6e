import type { GroupMember } from '@mailsphere/core';
import { chunks } from './chunks.ts';
import type { MemberLog } from './member-log.ts';
import type { SqlTables } from './sql-dialect.ts';
import { asText } from './text.ts';
import { newest } from './upsert-entries.ts';

export interface MembershipChange {
  /** The group's. */
  readonly id: string;
  /** The group's. */
  readonly row: number;
  readonly added: readonly GroupMember[];
  readonly removed: readonly string[];
}

/** Adds to the members of groups, and takes away those that left. */
export async function changeMembers(
  tables: SqlTables,
  generation: number,
  groups: readonly MembershipChange[],
  log: MemberLog | undefined,
): Promise<void> {
  const { db, dialect } = tables;
  for (const group of groups) {
    if (group.removed.length > 0) {
      const left = db
        .deleteFrom('directory_members')
        .where('group_row', '=', group.row)
        .where(dialect.ids('member_id', group.removed));
      if (!log) await left.execute();
      else
        for (const { member_id } of await left.returning('member_id').execute())
          log.removed(group.id, member_id);
    }
    if (log) await logAdded(tables, group, log);
  }
  const rows = groups.flatMap(({ row, added }) =>
    added.map(({ id, type }) => ({ group_row: row, member_id: id, member_type: type, generation })),
  );
  for (const part of chunks(rows)) {
    await db
      .insertInto('directory_members')
      .values(part)
      .onConflict((conflict) =>
        conflict.columns(['group_row', 'member_id']).doUpdateSet(({ ref }) => ({
          member_type: ref('excluded.member_type'),
          generation: newest('directory_members'),
        })),
      )
      .execute();
  }
}

async function logAdded({ db, dialect }: SqlTables, group: MembershipChange, log: MemberLog): Promise<void> {
  if (group.added.length === 0) return;
  const ids = group.added.map(({ id }) => id);
  const there = await db
    .selectFrom('directory_members')
    .select('member_id')
    .where('group_row', '=', group.row)
    .where(dialect.ids('member_id', ids))
    .execute();
  const known = new Set(there.map(({ member_id }) => member_id));
  for (const id of ids) if (!known.has(id)) log.added(group.id, id);
}

/** Takes all members from groups that are removed. */
export async function removeMembers(
  { db, dialect }: SqlTables,
  groups: readonly { readonly id: string; readonly row: number }[],
  log: MemberLog | undefined,
): Promise<void> {
  const all = db.deleteFrom('directory_members').where(
    dialect.rows(
      'group_row',
      groups.map(({ row }) => row),
    ),
  );
  if (!log) {
    await all.execute();
    return;
  }
  const ids = new Map(groups.map(({ id, row }) => [row, id]));
  const removed = await all.returning([asText('group_row').as('row'), 'member_id']).execute();
  for (const { row, member_id } of removed) log.removed(ids.get(Number(row)) ?? '', member_id);
}

/** Takes away memberships that are of an older round, and says of which groups. */
export async function sweepMembers(
  { db }: SqlTables,
  connectionId: string,
  generation: number,
  log: MemberLog | undefined,
): Promise<readonly string[]> {
  const groups = db.selectFrom('directory_groups').where('connection_id', '=', connectionId);
  const old = db
    .deleteFrom('directory_members')
    .where('group_row', 'in', groups.select('row'))
    .where('generation', '<', generation);
  if (!log) {
    await old.execute();
    return [];
  }
  const removed = await old.returning([asText('group_row').as('row'), 'member_id']).execute();
  if (removed.length === 0) return [];
  const known = await groups.select(['id', asText('row').as('row')]).execute();
  const ids = new Map(known.map(({ id, row }) => [row, id]));
  for (const { row, member_id } of removed) log.removed(ids.get(row) ?? '', member_id);
  return [...new Set(removed.map(({ row }) => ids.get(row) ?? ''))];
}
