import type { EmailAddress } from '@mailsphere/core';
import { chunks } from './chunks.ts';
import type { SqlTables } from './sql-dialect.ts';
import type { OwnerKind } from './tables.ts';

/** Gives each owner the addresses that it has now, and takes away all others. */
export async function replaceAddresses(
  tables: SqlTables,
  { connectionId, kind }: { readonly connectionId: string; readonly kind: OwnerKind },
  owners: readonly { readonly row: number; readonly addresses: readonly EmailAddress[] }[],
): Promise<void> {
  await removeAddresses(
    tables,
    kind,
    owners.map(({ row }) => row),
  );
  const rows = owners.flatMap(({ row, addresses }) =>
    addresses.map(({ address, domain, primary }, position) => ({
      connection_id: connectionId,
      owner_kind: kind,
      owner_row: row,
      position,
      address,
      address_lower: address.toLowerCase(),
      domain,
      is_primary: primary,
    })),
  );
  for (const part of chunks(rows)) await tables.db.insertInto('directory_addresses').values(part).execute();
}

export async function removeAddresses(
  { db, dialect }: SqlTables,
  kind: OwnerKind,
  ownerRows: readonly number[],
): Promise<void> {
  await db
    .deleteFrom('directory_addresses')
    .where('owner_kind', '=', kind)
    .where(dialect.rows('owner_row', ownerRows))
    .execute();
}
