import type { Clock } from '@mailsphere/core';
import { type AcquireOptions, createLane, type Lane, type Permit } from './lane.ts';
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
  /** How many lanes are remembered. */
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
    // The map is kept in the order of use, so the first ones are the longest unused.
    lanes.delete(name);
    lanes.set(name, lane);
    return lane;
  };

  const forgetIdle = () => {
    let looked = 0;
    for (const [name, lane] of lanes) {
      if (++looked > 2 || !lane.idle()) return;
      lanes.delete(name);
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
