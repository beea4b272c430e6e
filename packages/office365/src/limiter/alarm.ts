import type { Clock } from '@mailsphere/core';

/** One moment to come back at. */
export interface Alarm {
  /** In place of the moment set before; `undefined`: none. */
  set(at: number | undefined, now: number): void;
}

export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let next: { readonly at: number; readonly controller: AbortController } | undefined;
  return {
    set(at, now) {
      if (next?.at === at) return;
      next?.controller.abort();
      next = undefined;
      if (at === undefined) return;
      const mine = { at, controller: new AbortController() };
      next = mine;
      clock.wait(at - now, { signal: mine.controller.signal }).then(
        () => {
          if (next !== mine) return;
          next = undefined;
          ring();
        },
        () => undefined,
      );
    },
  };
}
