import type { Clock } from '@mailsphere/core';
import { createLane, type Lane } from './lane.ts';
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
}

// "Microsoft Graph service-specific throttling limits", Outlook: 4 concurrent requests per app and mailbox.
const MAILBOX_SLOTS = 4;

export function createLimiter(options: { readonly clock: Clock; readonly random: () => number }): Limiter {
  const clock = steadyClock(options.clock);
  const { random } = options;
  const startedAt = clock.now();
  const lanes = new Map<string, Lane>();

  const laneOf = (key: LaneKey): Lane => {
    const name =
      key.kind === 'mailbox' ? `${key.tenantId}/mailbox/${key.mailboxId}` : `${key.tenantId}/directory`;
    const lane =
      lanes.get(name) ??
      (key.kind === 'mailbox'
        ? createLane({ clock, random, quota: requestWindow(startedAt), slots: MAILBOX_SLOTS })
        : createLane({ clock, random, quota: resourceBucket(), slots: Number.POSITIVE_INFINITY }));
    lanes.delete(name);
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
  };
}
