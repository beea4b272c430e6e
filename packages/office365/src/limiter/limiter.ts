import { createHash } from 'node:crypto';
import type { Clock } from '@mailsphere/core';
import { createAppGate } from './app-gate.ts';
import type { Gate } from './gate.ts';
import { createKeptLane, type KeptLane } from './kept-lane.ts';
import { createLane, type Lane } from './lane.ts';
import type { LimiterStore } from './limiter-store.ts';
import { createMailGate } from './mail-gate.ts';
import type { AcquireOptions, Permit } from './permit.ts';
import { requestWindow } from './request-window.ts';
import { resourceBucket } from './resource-bucket.ts';
import { steadyClock } from './steady-clock.ts';

/** What a request is counted against. */
export type LaneKey =
  | { readonly kind: 'directory'; readonly tenantId: string }
  | { readonly kind: 'mailbox'; readonly tenantId: string; readonly mailboxId: string };

/** The only thing that makes a call to Microsoft Graph wait. */
export interface Limiter {
  acquire(key: LaneKey, options: AcquireOptions): Promise<Permit>;
  /** How many lanes are remembered: those in use, and for at most a day those that learned something. */
  readonly lanes: number;
  /** Saves what the store does not have yet. Never fails. */
  close(): Promise<void>;
}

// "Microsoft Graph service-specific throttling limits", Outlook: 4 concurrent requests per app and mailbox.
const MAILBOX_SLOTS = 4;

export function createLimiter(options: {
  readonly clock: Clock;
  readonly random: () => number;
  /** What the counts of a process are kept in for the next one, and the app that they are of. */
  readonly kept?: { readonly store: LimiterStore; readonly clientId: string } | undefined;
  /**
   * The share of each mailbox's quota that is taken to be spent where nothing was kept. None: a wrong guess costs one
   * refusal, while the other one slows every mailbox for ten minutes after every start (`npm run bench -- limiter`).
   * @default 0
   */
  readonly assumedSpent?: number | undefined;
}): Limiter {
  const clock = steadyClock(options.clock);
  const { random, kept, assumedSpent } = options;
  const startedAt = clock.now();
  const lanes = new Map<string, Lane | KeptLane>();
  const app = createAppGate({ clock });
  // A few numbers for each tenant that was ever used.
  const mailGates = new Map<string, Gate>();

  const mailGate = (tenantId: string): Gate => {
    const gate = mailGates.get(tenantId) ?? createMailGate((turn) => app.enter(tenantId, turn));
    mailGates.set(tenantId, gate);
    return gate;
  };

  const newLane = ({ kind, tenantId }: LaneKey, onChange?: (change: 'sent' | 'refused') => void): Lane =>
    kind === 'mailbox'
      ? createLane({
          clock,
          random,
          quota: requestWindow(startedAt, assumedSpent),
          slots: MAILBOX_SLOTS,
          firstAlone: true,
          gate: mailGate(tenantId),
          onChange,
        })
      : createLane({
          clock,
          random,
          quota: resourceBucket(),
          slots: Number.POSITIVE_INFINITY,
          gate: { enter: (turn) => app.enter(tenantId, turn), accepted() {}, crowded() {}, leave() {} },
          onChange,
        });

  const laneOf = (key: LaneKey): Lane => {
    const name =
      key.kind === 'mailbox' ? `${key.tenantId}/mailbox/${key.mailboxId}` : `${key.tenantId}/directory`;
    const known = lanes.get(name);
    if (known) return known;
    const lane = kept
      ? createKeptLane({
          clock,
          store: kept.store,
          key: createHash('sha256').update(`${kept.clientId}/${name}`).digest('base64url'),
          lane: (onChange) => newLane(key, onChange),
        })
      : newLane(key);
    lanes.set(name, lane);
    return lane;
  };

  // Two at each call, so that more go than come. One that is kept goes to the back, and does not hide those behind it.
  const forgetIdle = () => {
    let left = 2;
    for (const [name, lane] of lanes) {
      if (left-- === 0) return;
      lanes.delete(name);
      if (!lane.idle()) lanes.set(name, lane);
    }
  };

  return {
    acquire(key, request) {
      forgetIdle();
      return laneOf(key).acquire(request);
    },
    get lanes() {
      return lanes.size;
    },
    async close() {
      await Promise.all([...lanes.values()].map((lane) => ('close' in lane ? lane.close() : undefined)));
    },
  };
}
