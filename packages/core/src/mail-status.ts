import type { Connection } from './connection.ts';
import type { MailSource } from './mail.ts';
import type { MailboxRecord, MailboxState, MailboxStatus, MailCounts } from './mailbox.ts';
import { mailboxStatus } from './mailbox.ts';
import type { Pace } from './pace.ts';
import { type Records, recordId } from './records.ts';
import type { MailHalt } from './schedule.ts';

/**
 * - `scheduled`: there is work to do, and none of it runs at this moment.
 * - `running`: some mailbox is at work.
 * - `throttled`: the service asked to wait for all that is left.
 * - `waiting_for_quiet_hours`: the tenant is at work; `reason` says how that is known, and at which share it goes on.
 * - `paused`, `cancelled`: the host wants it to stand still.
 * - `completed`, `completed_with_failures`: everything that the service listed is archived; or all but the failures.
 * - `disabled`: the tenant does not grant it, or the connection is not active.
 */
export type MailState =
  | 'scheduled'
  | 'running'
  | 'throttled'
  | 'waiting_for_quiet_hours'
  | 'paused'
  | 'cancelled'
  | 'completed'
  | 'completed_with_failures'
  | 'disabled';

/** Mail synchronisation of a connection, as recorded. */
export interface MailStatus extends MailCounts {
  readonly state: MailState;
  /** Why, in one sentence, where the state alone does not say it. */
  readonly reason: string | undefined;
  /** How fast it may work now, and why; it matters as long as something is left. */
  readonly pace: Pace;
  /** How many mailboxes are in each state. */
  readonly states: Readonly<Partial<Record<MailboxState, number>>>;
  /** How many items the folders hold, by the service's own count, other kinds than messages included. */
  readonly expected: number;
  /** How many of these are left, as far as counting can tell. */
  readonly remaining: number;
  /** Messages archived in a second, by all mailboxes that are at work now. */
  readonly rate: number;
  /** How much of what the service allows to the mailboxes at work is used, from 0 to 1; `undefined` when none is, or the provider states no quota. */
  readonly quotaShare: number | undefined;
  /** ISO 8601: when nothing will be left at the present rate; `undefined` while nothing is at work, and when nothing is left. */
  readonly estimatedEndAt: string | undefined;
  readonly mailboxes: readonly MailboxStatus[];
}

const UNFINISHED: ReadonlySet<MailboxState> = new Set([
  'scheduled',
  'running',
  'throttled',
  'waiting_for_quiet_hours',
]);
// A slice commits its pages well within this time; one that does not was perhaps killed.
const AT_WORK = 2 * 60_000;

export async function readMailStatus(context: {
  readonly mailboxes: Records<MailboxRecord>;
  readonly connection: Connection;
  readonly halted: MailHalt | undefined;
  readonly quota: MailSource['quota'];
  readonly pace: Pace;
  readonly now: number;
}): Promise<MailStatus> {
  const { mailboxes, connection, halted, quota, pace, now } = context;
  const sum = { discovered: 0, archived: 0, alreadyStored: 0, gone: 0, failed: 0, bytes: 0, expected: 0 };
  const states: Partial<Record<MailboxState, number>> = {};
  const list: MailboxStatus[] = [];
  let remaining = 0;
  let rate = 0;
  let atWork = 0;
  for await (const { value } of mailboxes.list(`${recordId(connection.id)}/`)) {
    const recorded = mailboxStatus(value);
    const isUnfinished = UNFINISHED.has(recorded.state);
    const status = isUnfinished && halted ? { ...recorded, state: halted.as } : recorded;
    list.push(status);
    states[status.state] = (states[status.state] ?? 0) + 1;
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += status[name];
    if (isUnfinished) remaining += left(status);
    if (status.state !== 'running' || now - Date.parse(status.progressedAt ?? '') >= AT_WORK) continue;
    rate += status.rate;
    atWork++;
  }
  const { state, reason } = stateOf(connection, halted, pace, states);
  const allowed = quota && (atWork * quota.requests) / quota.seconds;
  return {
    state,
    reason,
    pace,
    ...sum,
    states,
    remaining,
    rate,
    quotaShare: allowed ? Math.min(1, rate / allowed) : undefined,
    estimatedEndAt:
      rate > 0 && remaining > 0 ? new Date(now + (remaining / rate) * 1000).toISOString() : undefined,
    mailboxes: list,
  };
}

const left = ({ expected, archived, alreadyStored, gone, failed }: MailboxStatus) =>
  Math.max(0, expected - archived - alreadyStored - gone - failed);

function stateOf(
  { status, disabled = [] }: Connection,
  halted: MailHalt | undefined,
  pace: Pace,
  states: MailStatus['states'],
): Pick<MailStatus, 'state' | 'reason'> {
  const off = disabled.find(({ capability }) => capability === 'mail');
  if (off) return { state: 'disabled', reason: off.reason };
  if (status !== 'active') return { state: 'disabled', reason: INACTIVE[status] };
  if (halted) return { state: halted.as, reason: halted.reason };
  const count = (...of: readonly MailboxState[]) => of.reduce((sum, each) => sum + (states[each] ?? 0), 0);
  const plain = (state: MailState) => ({ state, reason: undefined });
  // People are told why it is slow, or why it is not although the tenant is at work.
  if (count('running') > 0) return { state: 'running', reason: pace.isQuiet ? undefined : pace.reason };
  if (count('waiting_for_quiet_hours') > 0) return { state: 'waiting_for_quiet_hours', reason: pace.reason };
  if (count('scheduled') > 0 || count(...(Object.keys(states) as MailboxState[])) === 0)
    return plain('scheduled');
  if (count('throttled') > 0)
    return { state: 'throttled', reason: 'The service asked to wait for every mailbox that is left.' };
  if (count('completed_with_failures', 'no_access') > 0) return plain('completed_with_failures');
  return plain('completed');
}

const INACTIVE = {
  registered: 'Nobody has authorised the connection yet.',
  reauthorization_required: 'An administrator must authorise the connection again.',
  disconnected: 'The connection was ended.',
} as const;
