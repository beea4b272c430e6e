import type { Clock } from '@mailsphere/core';

/** A clock that never goes back: when the machine's time is set back, windows and fences keep their length. */
export function steadyClock(clock: Clock): Clock {
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
  };
}
