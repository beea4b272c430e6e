import type { Connection } from './connection.ts';
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
  /** Why no mail is synchronised although the connection is active: one sentence. */
  readonly disabled?: string | undefined;
}

export async function readMailStatus(
  mailboxes: Records<MailboxRecord>,
  { id, disabled = [] }: Connection,
): Promise<MailStatus> {
  const sum = { discovered: 0, archived: 0, alreadyStored: 0, gone: 0, failed: 0, bytes: 0, expected: 0 };
  const states: Partial<Record<MailboxState, number>> = {};
  const list: MailboxStatus[] = [];
  for await (const { value } of mailboxes.list(`${recordId(id)}/`)) {
    const status = mailboxStatus(value);
    list.push(status);
    states[status.state] = (states[status.state] ?? 0) + 1;
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += status[name];
  }
  const off = disabled.find(({ capability }) => capability === 'mail');
  return { ...sum, states, mailboxes: list, disabled: off?.reason };
}
