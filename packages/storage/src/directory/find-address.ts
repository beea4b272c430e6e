import { entryReaders } from './read-entries.ts';
import type { SqlTables } from './sql-dialect.ts';
import type { FoundAddress } from './sql-directory.ts';
import { asText, isSet, storable } from './text.ts';

export async function findAddress(
  tables: SqlTables,
  connectionId: string,
  address: string,
): Promise<FoundAddress | undefined> {
  const found = await tables.db
    .selectFrom('directory_addresses as has')
    .leftJoin('directory_domains as domains', (join) =>
      join.onRef('domains.connection_id', '=', 'has.connection_id').onRef('domains.id', '=', 'has.domain'),
    )
    .select(['owner_kind', 'address', 'domain'])
    .select([
      asText('owner_row').as('owner_row'),
      asText('is_primary').as('is_primary'),
      asText('accepts_mail').as('accepts_mail'),
    ])
    .where('has.connection_id', '=', connectionId)
    .where('address_lower', '=', storable(address).toLowerCase())
    .orderBy('written', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!found) return undefined;
  const read = entryReaders(tables)[found.owner_kind];
  const [entry] = await read(connectionId, { row: Number(found.owner_row) });
  return (
    entry && {
      entry,
      address: { address: found.address, domain: found.domain, primary: isSet(found.is_primary) },
      acceptsMail: isSet(found.accepts_mail),
    }
  );
}
