import { sql } from 'kysely';
import type { SqlTables } from './sql-dialect.ts';
import type { DirectoryTableCounts } from './sql-directory.ts';
import { TABLES } from './tables.ts';

/** How many rows the tables hold of a connection. */
export async function countRows({ db }: SqlTables, connectionId: string): Promise<DirectoryTableCounts> {
  const count = async (table: (typeof TABLES)[keyof typeof TABLES] | 'directory_addresses') => {
    const query = db.selectFrom(table).where('connection_id', '=', connectionId);
    return Number((await query.select(NUMBER).executeTakeFirst())?.rows);
  };
  const members = db
    .selectFrom('directory_members')
    .innerJoin('directory_groups', 'row', 'group_row')
    .where('connection_id', '=', connectionId);
  return {
    domain: await count(TABLES.domain),
    user: await count(TABLES.user),
    contact: await count(TABLES.contact),
    group: await count(TABLES.group),
    address: await count('directory_addresses'),
    member: Number((await members.select(NUMBER).executeTakeFirst())?.rows),
  };
}

const NUMBER = sql<string>`cast(count(*) as text)`.as('rows');
