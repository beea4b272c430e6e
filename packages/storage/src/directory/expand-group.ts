import type { DirectoryContact, DirectoryUser } from '@mailsphere/core';
import { type Expression, type RawBuilder, sql } from 'kysely';
import { entryReaders } from './read-entries.ts';
import type { SqlTables } from './sql-dialect.ts';

/** Everybody in a group and the groups within it: users, then contacts, each once. */
export async function expandGroup(
  tables: SqlTables,
  connectionId: string,
  groupId: string,
): Promise<readonly (DirectoryUser | DirectoryContact)[]> {
  const read = entryReaders(tables);
  const inside = (type: 'user' | 'contact') =>
    tables.db
      .withRecursive('inside', (db) =>
        db
          .selectFrom('directory_groups')
          .select('directory_groups.row as group_row')
          .where('connection_id', '=', connectionId)
          .where('id', '=', groupId)
          // Drops what is already there, which also ends a circle of groups.
          .union(
            db
              .selectFrom('inside')
              .innerJoin('directory_members', 'directory_members.group_row', 'inside.group_row')
              .innerJoin('directory_groups', 'directory_groups.id', 'directory_members.member_id')
              .select('directory_groups.row as group_row')
              .where('directory_groups.connection_id', '=', connectionId)
              .where('directory_members.member_type', '=', 'group'),
          ),
      )
      .selectFrom('directory_members')
      .innerJoin('inside', 'inside.group_row', 'directory_members.group_row')
      .select('member_id')
      .where('member_type', '=', type);
  return [
    ...(await read.user(connectionId, { among: oneOf(inside('user')) })),
    ...(await read.contact(connectionId, { among: oneOf(inside('contact')) })),
  ];
}

const oneOf = (ids: Expression<unknown>): RawBuilder<boolean> => sql`${sql.ref('id')} in ${ids}`;
