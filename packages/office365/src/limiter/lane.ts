import { ConnectorError } from '@mailsphere/core';
import { aborted } from '../aborted.ts';
import { createAlarm } from './alarm.ts';
import type { Answer } from './answer.ts';
import { doubled, equalJitter } from './backoff.ts';
import type { Gate } from './gate.ts';
import type { LaneState } from './lane-state.ts';
import type { AcquireOptions, Permit } from './permit.ts';
import type { Quota } from './quota.ts';
import type { SteadyClock } from './steady-clock.ts';

export interface Lane {
  /** @throws ConnectorError `throttled` at once when it would have to wait for longer than `maxWait` */
  acquire(options: AcquireOptions): Promise<Permit>;
  /** Whether a new lane would do as well: nothing is under way or waited for, and what was learned is a day old. */
  idle(): boolean;
  /** What a lane of a later process goes on with. */
  state(): LaneState;
  /** Goes on where a lane stood so many milliseconds ago. Requests of since then that may be missing in its counts are added. */
  resume(state: LaneState, elapsed: number, missing: number): void;
}

interface Waiter extends AcquireOptions {
  readonly since: number;
  admit(now: number): void;
  refuse(error: ConnectorError): void;
}

const FIRST_BACKOFF = 5_000;
const LONGEST_BACKOFF = 300_000;
const PACED_AFTER_FENCE = 60_000;
const CLEAN_CALLS_PER_SLOT = 200;
const DAY = 86_400_000;

/**
 * The one gate to a mailbox, or to a tenant's directory: a quota, slots, and a fence.
 *
 * After the service refused a request nothing passes until the time it asked for is over; then one request goes alone,
 * and the others follow at the steady rate once it was taken.
 */
export function createLane(options: {
  readonly clock: SteadyClock;
  readonly random: () => number;
  readonly quota: Quota;
  readonly slots: number;
  /** Whether one request goes alone until the service took it, as an earlier process may have spent the quota. @default false */
  readonly firstAlone?: boolean | undefined;
  /** What it shares with other lanes. @default nothing */
  readonly gate?: Gate | undefined;
  /** Told of each request that leaves, and of each refusal. */
  readonly onChange?: ((change: 'sent' | 'refused') => void) | undefined;
}): Lane {
  const { clock, random, quota, gate, onChange } = options;
  const waiters: Waiter[] = [];
  let slots = options.slots;
  let inFlight = 0;
  let fenceUntil = Number.NEGATIVE_INFINITY;
  let fencedAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let pacedUntil = Number.NEGATIVE_INFINITY;
  let sentAt = Number.NEGATIVE_INFINITY;
  let probe: 'none' | 'due' | 'out' = options.firstAlone ? 'due' : 'none';
  let clean = 0;

  const opensAt = (now: number) => {
    const paced = now < pacedUntil ? sentAt + quota.interval() : now;
    return Math.max(now, fenceUntil, paced, quota.readyAt(now));
  };

  const pump = () => {
    const now = clock.now();
    while (waiters.length > 0) {
      const at = opensAt(now);
      if (at > now) {
        // Whoever cannot wait that long is told now, so that it can do something else meanwhile.
        for (const waiter of [...waiters])
          if (at - waiter.since + (waiter.waited ?? 0) > waiter.maxWait)
            waiter.refuse(throttled(clock.realTime(at)));
        return alarm.set(waiters.length > 0 ? at : undefined, now);
      }
      // Nothing to wait for but our own requests: their release comes back here.
      if (inFlight >= slots || probe === 'out') return alarm.set(undefined, now);
      if (gate && !gate.enter(pump)) return alarm.set(undefined, now);
      waiters.shift()?.admit(now);
    }
    alarm.set(undefined, now);
  };
  const alarm = createAlarm(clock, pump);

  const take = (now: number, { since, waited = 0 }: Waiter): Permit => {
    const isProbe = probe === 'due';
    if (isProbe) probe = 'out';
    inFlight++;
    const alone = isProbe || slots === 1;
    quota.take(now);
    sentAt = now;
    onChange?.('sent');
    let held = true;
    let reported = false;
    const settle = (answer: Answer) => {
      if (reported) return;
      reported = true;
      const at = clock.now();
      if (answer.kind === 'accepted') accept(at, answer.cost, isProbe);
      else if (answer.kind === 'throttled') fence(at, now, answer, alone);
      else if (isProbe && probe === 'out') probe = 'due';
    };
    return {
      waited: waited + (now - since),
      report(answer) {
        settle(answer);
        pump();
      },
      release() {
        if (!held) return;
        held = false;
        settle({ kind: 'failed' });
        inFlight--;
        gate?.leave();
        pump();
      },
    };
  };

  const accept = (now: number, cost: number | undefined, isProbe: boolean) => {
    quota.accepted(now, cost);
    gate?.accepted();
    if (isProbe && probe === 'out') {
      probe = 'none';
      if (failures > 0) pacedUntil = now + PACED_AFTER_FENCE;
      failures = 0;
    } else if (probe === 'none') failures = 0;
    if (slots < options.slots && ++clean >= CLEAN_CALLS_PER_SLOT) {
      slots++;
      clean = 0;
    }
  };

  const fence = (
    now: number,
    sent: number,
    answer: Extract<Answer, { kind: 'throttled' }>,
    alone: boolean,
  ) => {
    // Requests that were under way together are refused together: that is one failure, not several.
    if (sent > fencedAt) {
      failures++;
      if (answer.reason === 'quota') quota.refused(now);
      if (answer.reason === 'concurrency') {
        slots = Math.max(1, slots - 1);
        if (alone) gate?.crowded(quota, now);
      }
    }
    clean = 0;
    const asked = answer.retryAfter ?? 0;
    const backoff = equalJitter(doubled(FIRST_BACKOFF, LONGEST_BACKOFF, failures), random);
    // A service that says the same few seconds each time is not believed; beyond that it knows better than any guess.
    fenceUntil = Math.max(fenceUntil, now + (asked > FIRST_BACKOFF ? asked : Math.max(asked, backoff)));
    fencedAt = now;
    probe = 'due';
    onChange?.('refused');
  };

  return {
    acquire: (request) =>
      new Promise((resolve, reject) => {
        if (request.signal?.aborted) return reject(aborted(request.signal));
        const leave = () => {
          const index = waiters.indexOf(waiter);
          if (index >= 0) waiters.splice(index, 1);
          request.signal?.removeEventListener('abort', abort);
        };
        const abort = () => {
          leave();
          reject(aborted(request.signal));
          pump();
        };
        const waiter: Waiter = {
          ...request,
          since: clock.now(),
          admit(now) {
            leave();
            resolve(take(now, waiter));
          },
          refuse(error) {
            leave();
            reject(error);
          },
        };
        request.signal?.addEventListener('abort', abort, { once: true });
        // A call that already waited is older than those that did not.
        if (request.waited) waiters.unshift(waiter);
        else waiters.push(waiter);
        pump();
      }),
    idle() {
      const now = clock.now();
      if (inFlight > 0 || waiters.length > 0 || now < Math.max(fenceUntil, pacedUntil)) return false;
      const isNew = slots === options.slots && failures === 0;
      return (isNew || now - sentAt >= DAY) && quota.idle(now);
    },
    state() {
      const now = clock.now();
      return {
        fence: Math.max(0, fenceUntil - now),
        paced: Math.max(0, pacedUntil - now),
        probe: probe !== 'none',
        failures,
        fewerSlots: slots < options.slots ? options.slots - slots : 0,
        quota: quota.state(now),
      };
    },
    resume(state, elapsed, missing) {
      const now = clock.now();
      // A fence holds however long ago it was set; what else was learned is good for a day.
      fenceUntil = now - elapsed + state.fence;
      probe = state.probe ? 'due' : 'none';
      if (elapsed >= DAY) return;
      pacedUntil = now - elapsed + state.paced;
      failures = state.failures;
      slots = Math.max(1, options.slots - state.fewerSlots);
      sentAt = now - elapsed;
      quota.resume(state.quota, now, elapsed, missing);
    },
  };
}

const throttled = (retryAt: number) =>
  new ConnectorError(
    'throttled',
    'Microsoft 365 asks to wait for longer than this call may: try again at the time of retryAt.',
    { retryAt },
  );
