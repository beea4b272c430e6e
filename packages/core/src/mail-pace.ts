import { type Activity, mergeActivity } from './activity.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { MailSyncOptions } from './mail-sync-options.ts';
import type { MailboxRecord, Round } from './mailbox.ts';
import { decidePace, type Pace, workWindow } from './pace.ts';
import { type Records, recordId } from './records.ts';

const HOUR = 3600_000;
// Deciding reads every mailbox of the connection, so slices that begin at about the same time share one decision.
const SHORTEST_INTERVAL = 60_000;
// Mailboxes that made progress within this time of one another were at work side by side.
const SIDE_BY_SIDE = 2 * 60_000;

/** How fast the mail of each connection is brought. */
export interface MailPacer {
  /** When work of the connection may go on, and how long: whichever process asks, the answer is the same. Times are epoch milliseconds. */
  window(
    connection: Connection,
    options: MailSyncOptions,
  ): Promise<{ readonly isOpen: boolean; readonly until: number }>;
  decide(connection: Connection, options: MailSyncOptions): Promise<Pace>;
  /** Adds what was seen of the tenant's mail. */
  learn(connectionId: string, activity: Activity): Promise<void>;
}

export function createMailPacer(context: {
  readonly mailboxes: Records<MailboxRecord>;
  readonly rounds: Records<Round>;
  readonly activities: Records<Activity>;
  readonly clock: Clock;
}): MailPacer {
  const { mailboxes, rounds, activities, clock } = context;
  const decided = new Map<string, { readonly policy: string; readonly pace: Pace; readonly at: number }>();

  const decide: MailPacer['decide'] = async (connection, options) => {
    const { quietHours: policy = { mode: 'learned' }, shareOutside, deadline = 24 } = options;
    const now = clock.now();
    const prefix = `${recordId(connection.id)}/`;
    let startedAt = now;
    let remaining = 0;
    for await (const { value } of rounds.list(prefix)) {
      startedAt = Math.min(startedAt, value.openedAt);
      // Of one that nobody has looked into nothing is known yet.
      if (value.listed) remaining += value.remaining;
    }
    const activity = (await activities.get(recordId(connection.id)))?.value;
    const rate = await rateAtWork(mailboxes, prefix);
    return decidePace({
      policy,
      activity,
      now,
      startedAt,
      deadline: deadline * HOUR,
      shareOutside,
      remaining,
      rate,
    });
  };

  return {
    decide,
    async window(connection, options) {
      const now = clock.now();
      const { quietHours, shareOutside, deadline } = options;
      const policy = JSON.stringify([quietHours, shareOutside, deadline]);
      let known = decided.get(connection.id);
      const isFresh =
        known?.policy === policy &&
        now >= known.at &&
        now < Math.min(known.pace.until, known.at + SHORTEST_INTERVAL);
      if (!known || !isFresh) {
        known = { policy, pace: await decide(connection, options), at: now };
        decided.set(connection.id, known);
      }
      const { isOpen, until } = workWindow(known.pace.share, now, connection.id);
      return { isOpen, until: Math.min(until, known.pace.until) };
    },
    async learn(connectionId, activity) {
      await activities.update(recordId(connectionId), (current) =>
        current ? mergeActivity(current, activity) : activity,
      );
    },
  };
}

/** Messages in a second of all mailboxes that were last at work side by side; `undefined` when none was. */
async function rateAtWork(mailboxes: Records<MailboxRecord>, prefix: string): Promise<number | undefined> {
  const progress: { readonly at: number; readonly rate: number }[] = [];
  for await (const { value } of mailboxes.list(prefix))
    if (value.progressedAt !== undefined)
      progress.push({ at: Date.parse(value.progressedAt), rate: value.rate });
  const last = progress.reduce((latest, { at }) => Math.max(latest, at), Number.NEGATIVE_INFINITY);
  const together = progress.filter(({ at }) => last - at <= SIDE_BY_SIDE);
  return together.length === 0 ? undefined : together.reduce((sum, { rate }) => sum + rate, 0);
}
