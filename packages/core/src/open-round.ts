import { ConnectorError } from './connector-error.ts';
import { type MailboxRecord, newRound, type Round } from './mailbox.ts';
import type { Records } from './records.ts';

/** Opens the next round of a mailbox, unless one is open or the mailbox is gone. */
export async function openRound(
  records: { readonly mailboxes: Records<MailboxRecord>; readonly rounds: Records<Round> },
  id: string,
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
  await rounds.put(id, newRound(counted.rounds), null).catch((error: unknown) => {
    if (!ConnectorError.is(error, 'conflict')) throw error;
  });
}
