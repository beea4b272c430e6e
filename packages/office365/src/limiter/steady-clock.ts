import type { Clock } from '@mailsphere/core';

/** A clock that never goes back: when the machine's time is set back, windows and fences keep their length. */
export interface SteadyClock extends Clock {
  /** What the machine's clock will show at a time of this one, unless it is set again. */
  realTime(time: number): number;
}

export function steadyClock(clock: Clock): SteadyClock {
  let last = Number.NEGATIVE_INFINITY;
  let offset = 0;
  return {
    now() {
      const now = clock.now();
      if (now < last) offset += last - now;
      last = now;
      return now + offset;
    },
    wait: (milliseconds, options) => clock.wait(milliseconds, options),
    realTime: (time) => time - offset,
  };
}
