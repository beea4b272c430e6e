import type { Clock } from '@mailsphere/core';

export const SECOND = 1000;
export const WINDOW = 600 * SECOND;
export const HOUR = 3600 * SECOND;
export const QUOTA = 10_000;
const TICK = 5;

/** The same numbers for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Virtual time in steps of 5 ms, for millions of waits: those of a step are woken together. */
export function createTime(): Clock & { run(work: Promise<unknown>): Promise<void> } {
  const start = Date.UTC(2026, 0, 5) / TICK;
  let tick = start;
  const steps = new Map<number, (() => void)[]>();
  // A binary heap of the steps at which somebody waits.
  const heap: number[] = [];

  const push = (step: number) => {
    let at = heap.push(step) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] ?? 0;
      if (above <= step) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = step;
  };
  const pop = (): number | undefined => {
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if ((heap[child + 1] ?? Number.POSITIVE_INFINITY) < (heap[child] ?? 0)) child++;
      if ((heap[child] ?? 0) >= last) break;
      heap[at] = heap[child] ?? 0;
      at = child;
    }
    heap[at] = last;
    return first;
  };

  return {
    now: () => tick * TICK,
    wait: (milliseconds, { signal } = {}) =>
      new Promise((resolve, reject) => {
        const step = tick + Math.max(1, Math.ceil(milliseconds / TICK));
        let waiting = steps.get(step);
        if (!waiting) {
          waiting = [];
          steps.set(step, waiting);
          push(step);
        }
        waiting.push(() => {
          if (!signal?.aborted) resolve();
        });
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    async run(work) {
      let done = false;
      work.finally(() => {
        done = true;
      });
      for (;;) {
        // All that promises lead to, before time goes on.
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (done) return void (await work);
        const step = pop();
        if (step === undefined) throw new Error('The work waits for something other than this clock.');
        tick = step;
        const waiting = steps.get(step) ?? [];
        steps.delete(step);
        for (const wake of waiting) wake();
      }
    },
  };
}

/** What the server says of when the window is free again, in milliseconds; `undefined`: nothing. */
export type RetryAfter = (honest: number) => number | undefined;

export interface Refusal {
  readonly retryAfter: number | undefined;
}

/** One mailbox of the service: an exact sliding window, in which refused requests count too. */
export function createMailbox(quota: number, retryAfter: RetryAfter, spentAt?: number) {
  // The last `quota` arrivals, the oldest next.
  const arrivals = new Float64Array(quota).fill(spentAt ?? Number.NEGATIVE_INFINITY);
  let next = 0;
  return (now: number): Refusal | undefined => {
    const isOver = (arrivals[next] ?? 0) > now - WINDOW;
    arrivals[next] = now;
    next = (next + 1) % quota;
    if (!isOver) return undefined;
    // The header is in whole seconds.
    const free = Math.ceil(((arrivals[next] ?? 0) + WINDOW - now) / SECOND) * SECOND;
    return { retryAfter: retryAfter(free) };
  };
}
