import type { Checkpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { Mailbox } from './mail.ts';
import { type MailboxRecord, newMailbox, openRound } from './mailbox.ts';
import type { Change } from './page.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';
import { syncStream } from './sync-stream.ts';

// A user without a mailbox may get one, but seldom does.
const ASK_AGAIN = 7 * 24 * 3600_000;

/** Finds the mailboxes, and opens the next round of each that has finished its last one. */
export async function planMail(context: {
  readonly connection: Connection;
  readonly provider: Provider;
  readonly checkpoints: Records<Checkpoint>;
  readonly mailboxes: Records<MailboxRecord>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { connection, provider, checkpoints, mailboxes, clock, signal } = context;

  const record = (change: Change<Mailbox>) => {
    if (change.type === 'upserted') {
      const { mailboxId, address } = change.item;
      return mailboxes.update(recordId(connection.id, mailboxId), (current) => {
        const known = current ?? newMailbox(mailboxId);
        const back = known.state === 'removed' ? { state: 'scheduled' as const } : {};
        return { ...known, ...back, address };
      });
    }
    return mailboxes.update(
      recordId(connection.id, change.id),
      (current) => current && { ...current, state: 'removed', open: false },
    );
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
    signal.throwIfAborted();
    const rests = (mailbox: MailboxRecord) =>
      mailbox.open ||
      mailbox.state === 'removed' ||
      (mailbox.state === 'no_mailbox' && clock.now() < (mailbox.resumeAt ?? 0));
    if (!rests(value)) {
      await mailboxes.update(id, (current) =>
        current === undefined || rests(current) ? undefined : openRound(current),
      );
    }
  }
}

export const askAgainAt = (clock: Clock) => clock.now() + ASK_AGAIN;
