/** Counts what happened in the last so many seconds, one number per second. */
export interface SlidingWindow {
  /** Records one request and returns how many the window holds now, this one included. */
  add(now: number): number;
  /** Milliseconds until one more request would be within a limit. */
  wait(now: number, limit: number): number;
}

/** Creates a window; memory is four bytes per second of its length, whatever the traffic. */
export function createSlidingWindow(seconds: number): SlidingWindow {
  const counts = new Uint32Array(seconds);
  let last = Number.NEGATIVE_INFINITY;
  let sum = 0;
  const advance = (second: number) => {
    if (second <= last) return;
    // Only the seconds that passed are cleared; after a long silence all are.
    for (let step = Math.max(last + 1, second - seconds + 1); step <= second; step++) {
      const slot = step % seconds;
      sum -= counts[slot] ?? 0;
      counts[slot] = 0;
    }
    last = second;
  };
  return {
    add: (now) => {
      const second = Math.max(Math.floor(now / 1000), last);
      advance(second);
      const slot = second % seconds;
      counts[slot] = (counts[slot] ?? 0) + 1;
      sum += 1;
      return sum;
    },
    wait: (now, limit) => {
      advance(Math.floor(now / 1000));
      let left = sum;
      for (let second = last - seconds + 1; second <= last; second++) {
        if (left < limit) return Math.max(0, (second + seconds - 1) * 1000 - now);
        left -= counts[second % seconds] ?? 0;
      }
      return (last + seconds) * 1000 - now;
    },
  };
}
