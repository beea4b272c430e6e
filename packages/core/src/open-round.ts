import { ConnectorError } from './connector-error.ts';
import { type MailboxRecord, newRound, type Round } from './mailbox.ts';
import type { Records } from './records.ts';

/**
 * Opens the next round of a mailbox, unless one is open or the mailbox is gone.
 *
 * @param times.now Epoch milliseconds.
 * @param times.reconcileBefore Epoch milliseconds: a mailbox whose ids were not compared with the archive since has that done in this round,
 * if its existing mail has been brought once.
 */
export async function openRound(
  records: { readonly mailboxes: Records<MailboxRecord>; readonly rounds: Records<Round> },
  id: string,
  { now, reconcileBefore }: { readonly now: number; readonly reconcileBefore: number },
): Promise<void> {
  const { mailboxes, rounds } = records;
  if (await rounds.get(id)) return;
  // The number first: one that was used is never used again, whatever happens in between.
  const counted = await mailboxes.update(id, (current) =>
    current && current.state !== 'removed'
      ? { ...current, rounds: current.rounds + 1, state: 'scheduled' }
      : undefined,
  );
  if (!counted || counted.state === 'removed') return;
  const { completedAt, reconciledAt } = counted;
  const isOld = reconciledAt === undefined || Date.parse(reconciledAt) <= reconcileBefore;
  await rounds
    .put(id, newRound(counted.rounds, now, completedAt !== undefined && isOld), null)
    .catch((error: unknown) => {
      if (!ConnectorError.is(error, 'conflict')) throw error;
    });
}
