import type { Activity } from './activity.ts';
import { type QuietHours, type QuietTimes, quietTimes } from './quiet-hours.ts';
import { sha256 } from './sha256.ts';

const HOUR = 3600_000;
// Work never stands still altogether: what is asked for now and then also shows what has become of the tenant.
const LEAST_SHARE = 0.01;

/** What the pace of a connection's first pass depends on. Times are epoch milliseconds. */
export interface PaceRequest {
  readonly policy: QuietHours;
  /** What was seen of the tenant's mail; it matters for learned quiet hours only. */
  readonly activity: Activity | undefined;
  readonly now: number;
  /** When the first pass began. */
  readonly startedAt: number;
  /** Milliseconds from then within which it is to be done. */
  readonly deadline: number;
  /** The part of full speed outside quiet hours, from 0.01 to 1. @default 0.25 */
  readonly shareOutside?: number | undefined;
  /** How many messages are still to be copied. */
  readonly remaining: number;
  /** Messages per second at full speed; `undefined` while it is not known. */
  readonly rate: number | undefined;
}

export interface Pace {
  /** The part of full speed to work at: above 0, up to 1. */
  readonly share: number;
  readonly isQuiet: boolean;
  /** Epoch milliseconds when this is to be decided again at the latest: slices and rests end there. */
  readonly until: number;
  /** A sentence for people. */
  readonly reason: string;
}

/**
 * How fast to work now: at full speed in quiet hours, at `shareOutside` outside them, and there at as much more as it takes to be done by
 * the deadline. Once the deadline has passed with something left, at full speed until that is done.
 */
export function decidePace(request: PaceRequest): Pace {
  const { policy, activity, now, startedAt } = request;
  const times = quietTimes(policy, activity);
  const deadline = startedAt + request.deadline;
  const isQuiet = times.isQuiet(now);
  const moments = [now + HOUR, times.nextChange(now) ?? now + HOUR];
  if (!isQuiet && deadline > now) moments.push(deadline);
  const decided = isQuiet ? { share: 1, reason: QUIET[times.basis] } : outside(request, times, deadline);
  return { ...decided, isQuiet, until: Math.min(...moments) };
}

function outside(request: PaceRequest, times: QuietTimes, deadline: number): Pick<Pace, 'share' | 'reason'> {
  const { now, remaining, rate } = request;
  const share = within(request.shareOutside ?? 0.25);
  const usual = `${BUSY[times.basis]}, so it works at ${percent(share)}`;
  if (remaining <= 0) return { share, reason: `${usual}. Nothing is left of the first pass.` };
  if (now >= deadline) return { share: 1, reason: TOO_LATE };
  // A rate of nothing is one that was not measured.
  if (!rate) return { share, reason: `${usual}. How long it will take is not known yet.` };
  const needed = neededShare(times, now, deadline, (remaining / rate) * 1000);
  if (needed <= share) return { share, reason: `${usual}, which is enough for the deadline.` };
  const late = `What remains will not be done by the deadline at ${percent(share)}`;
  if (needed <= 1) {
    // People are told what is done: whole percent.
    const raised = Math.ceil(needed * 100 - 1e-9) / 100;
    return { share: raised, reason: `${late}, so it works at ${percent(raised)} during working hours.` };
  }
  return {
    share: 1,
    reason: `${late}, nor at full speed, so it works at full speed during working hours too.`,
  };
}

// Long against a page of messages, which is brought to its end; short against an hour.
const PERIOD = HOUR / 2;

/**
 * The part of each half-hour in which a connection works, so that work takes `share` of the time. All processes agree on it, and
 * connections have theirs at different times.
 *
 * @param share From 0.01 to 1, as `decidePace` gives it.
 * @returns `until`: when it closes, or opens, in epoch milliseconds.
 */
export function workWindow(
  share: number,
  now: number,
  connectionId: string,
): { readonly isOpen: boolean; readonly until: number } {
  if (share >= 1) return { isOpen: true, until: Number.POSITIVE_INFINITY };
  const phase = Number.parseInt(sha256(connectionId).slice(0, 8), 16) % PERIOD;
  const since = (now + phase) % PERIOD;
  const open = Math.round(within(share) * PERIOD);
  return since < open
    ? { isOpen: true, until: now - since + open }
    : { isOpen: false, until: now - since + PERIOD };
}

/** The share outside quiet hours at which so many milliseconds of full speed are done by the deadline; above 1 when none suffices. */
function neededShare(times: QuietTimes, now: number, deadline: number, work: number): number {
  const spent = { quiet: 0, busy: 0 };
  let isQuiet = times.isQuiet(now);
  for (let from = now; from < deadline; isQuiet = !isQuiet) {
    const to = Math.min(times.nextChange(from) ?? deadline, deadline);
    spent[isQuiet ? 'quiet' : 'busy'] += to - from;
    from = to;
  }
  if (work <= spent.quiet) return 0;
  return (work - spent.quiet) / spent.busy;
}

const within = (share: number): number => Math.min(1, Math.max(LEAST_SHARE, share));

const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;

const QUIET: Readonly<Record<QuietTimes['basis'], string>> = {
  always: 'No quiet hours were set, so it works at full speed at all times.',
  fixed: 'It is within the quiet hours that were set, so it works at full speed.',
  learned: 'The tenant receives little mail at this hour of the week, so it works at full speed.',
  unknown: "Too little mail was seen yet to know the tenant's working hours, so it works at full speed.",
  none: 'The tenant receives mail at all hours alike, so it works at full speed at all times.',
};

// The other ones are quiet throughout.
const BUSY: Readonly<Partial<Record<QuietTimes['basis'], string>>> = {
  fixed: 'It is outside the quiet hours that were set',
  learned: 'The tenant receives much of its mail at this hour of the week',
};

const TOO_LATE =
  'The deadline has passed with mail still to be copied, so it works at full speed until the first pass is done.';
