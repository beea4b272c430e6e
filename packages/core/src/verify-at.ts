import type { Connection } from './connection.ts';
import { REFUSAL_PATIENCE } from './consent.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
// A grant becomes visible bit by bit: what was missing when the administrator confirmed may be there by now.
const SPREAD = 2 * MINUTE;

/** When the service is to be asked again what the tenant grants. Times are epoch milliseconds. */
export function verifyAt(connection: Connection, now: number): number {
  const { status, refusedSince, disabled = [], authorized } = connection;
  // A clock that was ahead must not put the question off.
  const past = (time: string) => Math.min(Date.parse(time), now);
  const checkedAt = past(connection.checkedAt ?? connection.activeSince ?? connection.registeredAt);
  // An administrator may have granted it again in the service's own pages.
  if (status === 'reauthorization_required') return checkedAt + HOUR;
  if (refusedSince !== undefined) return past(refusedSince) + REFUSAL_PATIENCE;
  const settledAt = authorized ? past(authorized.at) + SPREAD : 0;
  if (disabled.length > 0 && checkedAt < settledAt) return settledAt;
  return checkedAt + DAY;
}
