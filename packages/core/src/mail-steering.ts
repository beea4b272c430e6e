import type { Clock } from './clock.ts';
import type { ConnectionRegistry } from './connections.ts';
import type { Connector } from './connector.ts';
import type { RemovedMessage } from './departures.ts';
import type { MessageFailure } from './failure.ts';
import type { MailPacer } from './mail-pace.ts';
import { readMailStatus } from './mail-status.ts';
import { type MailSync, mailSyncOf } from './mail-sync-options.ts';
import type { MailboxRecord, Round } from './mailbox.ts';
import { openRound } from './open-round.ts';
import { type Records, recordId } from './records.ts';
import { changeSchedule, type MailHalt, type Schedule, scheduleId } from './schedule.ts';

export interface MailSteering {
  readonly mail: Connector['mail'];
  /** What the host decided, if the mail of the connection is not to go on. */
  haltOf(connectionId: string): Promise<MailHalt | undefined>;
}

/** What a host says and asks about the mail of its connections. */
export function createMailSteering(context: {
  readonly connections: ConnectionRegistry;
  readonly mailboxes: Records<MailboxRecord>;
  readonly rounds: Records<Round>;
  readonly failures: Records<MessageFailure>;
  readonly removed: Records<RemovedMessage>;
  readonly schedules: Records<Schedule>;
  readonly pacer: MailPacer;
  readonly mailSync: MailSync;
  readonly clock: Clock;
  /** Ends what runs of the connection's mail in this process. */
  readonly stopMail: (connectionId: string) => Promise<void>;
}): MailSteering {
  const { connections, mailboxes, rounds, failures, removed, schedules, pacer, mailSync, clock, stopMail } =
    context;
  const idOf = (connectionId: string) => scheduleId(connectionId, 'mail');
  const haltOf = async (connectionId: string) => (await schedules.get(idOf(connectionId)))?.value.halted;

  const halt = async (connectionId: string, as: MailHalt['as'], reason: string | undefined) => {
    await connections.require(connectionId);
    const since = new Date(clock.now()).toISOString();
    // What was cancelled is planned anew when it is resumed, whatever was asked for in between.
    const isCancelled = (await haltOf(connectionId))?.as === 'cancelled';
    const halted: MailHalt = { as: isCancelled ? 'cancelled' : as, since, reason };
    await changeSchedule(schedules, idOf(connectionId), { halted });
    // Other processes find it when they renew their leases, a few seconds later.
    await stopMail(connectionId);
  };

  const prefixOf = (connectionId: string, mailboxId: string | undefined) =>
    `${mailboxId === undefined ? recordId(connectionId) : recordId(connectionId, mailboxId)}/`;

  return {
    haltOf,
    mail: {
      async status(connectionId) {
        const connection = await connections.require(connectionId);
        const halted = await haltOf(connectionId);
        const { quota } = connections.provider(connection).mail;
        const pace = await pacer.decide(connection, mailSyncOf(connection, mailSync));
        return readMailStatus({ mailboxes, connection, halted, quota, pace, now: clock.now() });
      },
      async *failures(connectionId, mailboxId) {
        await connections.require(connectionId);
        for await (const { value } of failures.list(prefixOf(connectionId, mailboxId))) yield value;
      },
      async *removed(connectionId, mailboxId) {
        await connections.require(connectionId);
        for await (const { value } of removed.list(prefixOf(connectionId, mailboxId))) yield value;
      },
      async retryFailed(connectionId, mailboxId) {
        await connections.require(connectionId);
        const found = new Set<string>();
        let count = 0;
        for await (const { id, value } of failures.list(prefixOf(connectionId, mailboxId))) {
          await failures.update(id, (current) => current && { ...current, nextAt: clock.now() });
          found.add(value.mailboxId);
          count++;
        }
        for (const each of found)
          await openRound({ mailboxes, rounds }, recordId(connectionId, each), {
            now: clock.now(),
            reconcileBefore: Number.NEGATIVE_INFINITY,
          });
        return count;
      },
      pause: (connectionId, { reason } = {}) => halt(connectionId, 'paused', reason),
      async cancel(connectionId, { reason } = {}) {
        await halt(connectionId, 'cancelled', reason);
        for await (const { id } of rounds.list(`${recordId(connectionId)}/`)) await rounds.delete(id);
      },
      async resume(connectionId) {
        await connections.require(connectionId);
        const halted = await haltOf(connectionId);
        if (!halted) return;
        // What was cancelled is planned anew, at once.
        const planned = halted.as === 'cancelled' ? { lastStartedAt: undefined } : {};
        await changeSchedule(schedules, idOf(connectionId), { ...planned, halted: undefined });
      },
    },
  };
}
