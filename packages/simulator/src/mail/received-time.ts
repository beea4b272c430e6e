import { share } from '../random.ts';

const HOUR = 3_600_000;
const WEEK = 168 * HOUR;
/** How far back generated mail goes, in weeks. */
const WEEKS = 104;
/** Where it ends: a Monday, at midnight UTC, so that nothing depends on the day on which a test runs. */
const HISTORY_END = Date.UTC(2026, 10, 2);

// Share of a week's mail by hour of the week, from Monday: busy office hours, quiet nights and weekends.
const CUMULATIVE = (() => {
  const weights = Array.from({ length: 168 }, (_, hour) => {
    const ofDay = hour % 24;
    if (hour >= 120) return ofDay >= 9 && ofDay < 21 ? 0.8 : 0.2;
    if (ofDay >= 8 && ofDay < 18) return 10;
    if (ofDay === 7 || ofDay === 18) return 4;
    return ofDay > 18 && ofDay < 23 ? 1.5 : 0.3;
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = [0];
  for (const weight of weights) shares.push((shares.at(-1) ?? 0) + weight / total);
  return shares;
})();

/**
 * When the message at a place among so many arrived, in milliseconds since 1970: later places are never earlier, and the
 * hours of the week look like those of an office.
 */
export function receivedTime(place: number, count: number, ...seed: readonly (string | number)[]): number {
  const progress = ((place + share(...seed, place)) / count) * WEEKS;
  const week = Math.floor(progress);
  const inWeek = progress - week;
  let low = 0;
  let high = 167;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((CUMULATIVE[middle] ?? 1) <= inWeek) low = middle;
    else high = middle - 1;
  }
  const from = CUMULATIVE[low] ?? 0;
  const width = (CUMULATIVE[low + 1] ?? 1) - from;
  const time = HISTORY_END - WEEKS * WEEK + week * WEEK + (low + (inWeek - from) / width) * HOUR;
  return Math.floor(time / 1000) * 1000;
}
