import { type Records, recordId } from './records.ts';

/** When one kind of a connection's recurring work ran, and when it may run again. Times are epoch milliseconds. */
export interface Schedule {
  /** When the last completed run began. */
  readonly lastStartedAt?: number | undefined;
  /** When somebody last asked for a run. */
  readonly requestedAt?: number | undefined;
  /** Not before: the service asked to wait, or the last run failed. */
  readonly resumeAt?: number | undefined;
  /** Of mail: the host wants it to stand still. */
  readonly halted?: MailHalt | undefined;
}

/** That a host paused or cancelled the mail of a connection. */
export interface MailHalt {
  readonly as: 'paused' | 'cancelled';
  /** ISO 8601. */
  readonly since: string;
  /** The host's own words. */
  readonly reason?: string | undefined;
}

export const scheduleId = (connectionId: string, kind: 'directory' | 'mail') => recordId(connectionId, kind);

export const changeSchedule = (schedules: Records<Schedule>, id: string, fields: Schedule) =>
  schedules.update(id, (current) => ({ ...current, ...fields }));
