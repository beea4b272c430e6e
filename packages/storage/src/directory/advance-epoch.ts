import { ConnectorError, type DirectoryBatch } from '@mailsphere/core';
import type { SqlTables } from './sql-dialect.ts';

/**
 * Records the epoch of a batch, in the transaction of the batch: nobody comes in between, and a batch that fails takes its epoch
 * back with it. The row stays locked until the transaction ends, so the batches of one connection come one after the other.
 *
 * @throws ConnectorError `conflict` when a batch of a higher epoch came before.
 */
export async function advanceEpoch(
  { db }: SqlTables,
  { connectionId, epoch }: Pick<DirectoryBatch, 'connectionId' | 'epoch'>,
): Promise<void> {
  const advanced = await db
    .insertInto('directory_epochs')
    .values({ connection_id: connectionId, epoch })
    .onConflict((conflict) =>
      conflict
        .column('connection_id')
        .doUpdateSet(({ ref }) => ({ epoch: ref('excluded.epoch') }))
        .whereRef('directory_epochs.epoch', '<=', 'excluded.epoch'),
    )
    .returning('epoch')
    .executeTakeFirst();
  if (!advanced) throw new ConnectorError('conflict', 'A later sync of this connection has written already.');
}
