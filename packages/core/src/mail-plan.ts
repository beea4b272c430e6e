import type { Checkpoint } from './checkpoint.ts';
import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import type { Lease } from './lease.ts';
import type { Mailbox } from './mail.ts';
import { type MailboxRecord, newMailbox, type Round } from './mailbox.ts';
import { openRound } from './open-round.ts';
import type { Change } from './page.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';
import { syncStream } from './sync-stream.ts';

/** Finds the mailboxes, and opens the next round of each that has finished its last one. */
export async function planMail(context: {
  readonly connection: Connection;
  readonly provider: Provider;
  readonly checkpoints: Records<Checkpoint>;
  readonly mailboxes: Records<MailboxRecord>;
  readonly rounds: Records<Round>;
  /** Epoch milliseconds. Mailboxes that were not reconciled since `reconcileBefore` are to be. */
  readonly times: { readonly now: number; readonly reconcileBefore: number };
  readonly lease: Lease;
}): Promise<void> {
  const { connection, provider, checkpoints, mailboxes, rounds, lease } = context;
  const { epoch, signal } = lease;

  const record = async (change: Change<Mailbox>) => {
    const mailboxId = change.type === 'upserted' ? change.item.mailboxId : change.id;
    const id = recordId(connection.id, mailboxId);
    await mailboxes.update(id, (current) => {
      if (current && current.planEpoch > epoch)
        throw new ConnectorError('conflict', 'A later plan is at work.');
      if (change.type === 'removed') return current && { ...current, state: 'removed', planEpoch: epoch };
      const known = current ?? newMailbox(mailboxId);
      const state = known.state === 'removed' ? 'scheduled' : known.state;
      return { ...known, state, address: change.item.address, planEpoch: epoch };
    });
    if (change.type === 'removed') await rounds.delete(id);
  };

  await syncStream<Change<Mailbox>>({
    checkpoints,
    checkpointId: recordId(connection.id, 'mailboxes'),
    read: (cursor, reading) => provider.mail.mailboxes(connection.tenant, { cursor, signal: reading }),
    async apply(changes) {
      for (const change of changes) await record(change);
      return {};
    },
    shouldStop: () => false,
    signal,
  });

  for await (const { id, value } of mailboxes.list(`${recordId(connection.id)}/`)) {
    lease.assertHeld();
    if (value.state !== 'removed') await openRound({ mailboxes, rounds }, id, context.times);
  }
}
