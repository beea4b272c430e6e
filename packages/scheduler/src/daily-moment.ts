import { createHash } from 'node:crypto';

/** Milliseconds of a UTC day. */
export const DAY = 24 * 3600_000;

/**
 * When in the UTC day a connection is synced, in milliseconds from midnight.
 * The same for ever for one connection, and spread evenly over the day for many.
 */
export const dailyMoment = (connectionId: string): number =>
  Math.floor((createHash('sha256').update(connectionId).digest().readUIntBE(0, 6) / 2 ** 48) * DAY);

/** The first daily moment of a connection after `time`; both are epoch milliseconds. */
export function nextDailyMoment(connectionId: string, time: number): number {
  const moment = dailyMoment(connectionId);
  return Math.floor((time - moment) / DAY + 1) * DAY + moment;
}
