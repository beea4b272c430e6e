import type { GroupMember } from '@mailsphere/core';
import type { Kysely } from 'kysely';
import { chunks } from './chunks.ts';
import { jsonList } from './json-list.ts';
import type { SqliteTables } from './tables.ts';
import { newest } from './upsert-entries.ts';

export interface MembershipChange {
  /** The group's row. */
  readonly row: number;
  readonly added: readonly GroupMember[];
  readonly removed: readonly string[];
}

/** Adds to the members of groups, and takes away those that left. */
export async function changeMembers(
  db: Kysely<SqliteTables>,
  generation: number,
  groups: readonly MembershipChange[],
): Promise<void> {
  for (const { row, removed } of groups) {
    if (removed.length === 0) continue;
    await db
      .deleteFrom('directory_members')
      .where('group_row', '=', row)
      .where('member_id', 'in', jsonList(removed))
      .execute();
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
