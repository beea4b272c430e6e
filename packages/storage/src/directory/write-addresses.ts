import type { EmailAddress } from '@mailsphere/core';
import type { Kysely } from 'kysely';
import { chunks } from './chunks.ts';
import { jsonList } from './json-list.ts';
import type { SqliteTables } from './tables.ts';

/** Gives each owner the addresses that it has now, and takes away all others. */
export async function replaceAddresses(
  db: Kysely<SqliteTables>,
  { connectionId, kind }: { readonly connectionId: string; readonly kind: 'user' | 'group' },
  owners: readonly { readonly row: number; readonly addresses: readonly EmailAddress[] }[],
): Promise<void> {
  await removeAddresses(
    db,
    kind,
    owners.map(({ row }) => row),
  );
  const rows = owners.flatMap(({ row, addresses }) =>
    addresses.map(({ address, primary }, position) => ({
      connection_id: connectionId,
      owner_kind: kind,
      owner_row: row,
      position,
      address,
      address_lower: address.toLowerCase(),
      is_primary: Number(primary),
    })),
  );
  for (const part of chunks(rows)) await db.insertInto('directory_addresses').values(part).execute();
}

export async function removeAddresses(
  db: Kysely<SqliteTables>,
  kind: 'user' | 'group',
  ownerRows: readonly number[],
): Promise<void> {
  await db
    .deleteFrom('directory_addresses')
    .where('owner_kind', '=', kind)
    .where('owner_row', 'in', jsonList(ownerRows))
    .execute();
}
