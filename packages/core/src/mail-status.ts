import type { MailboxRecord, MailboxState, MailboxStatus, MailCounts } from './mailbox.ts';
import { mailboxStatus } from './mailbox.ts';
import { type Records, recordId } from './records.ts';

/** Mail synchronisation of a connection, as recorded. */
export interface MailStatus extends MailCounts {
  /** How many mailboxes are in each state. */
  readonly states: Readonly<Partial<Record<MailboxState, number>>>;
  /** How many items the folders hold, by the service's own count, other kinds than messages included. */
  readonly expected: number;
  readonly mailboxes: readonly MailboxStatus[];
}

export async function readMailStatus(
  mailboxes: Records<MailboxRecord>,
  connectionId: string,
): Promise<MailStatus> {
  const sum = { discovered: 0, archived: 0, alreadyStored: 0, gone: 0, failed: 0, bytes: 0, expected: 0 };
  const states: Partial<Record<MailboxState, number>> = {};
  const list: MailboxStatus[] = [];
  for await (const { value } of mailboxes.list(`${recordId(connectionId)}/`)) {
    const status = mailboxStatus(value);
    list.push(status);
    states[status.state] = (states[status.state] ?? 0) + 1;
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += status[name];
  }
  return { ...sum, states, mailboxes: list };
}
