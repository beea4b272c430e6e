import type { Clock } from '@mailsphere/core';
import type { Answer } from '../limiter/lane.ts';
import type { Limiter } from '../limiter/limiter.ts';
import { retryTransient } from '../transient-retry.ts';
import { retryAfter } from '../transport/retry-after.ts';
import type { Step } from './chain.ts';
import { answerOf, callOf, type GraphAnswer } from './graph-call.ts';
import { type GraphProblem, graphError, readProblem } from './graph-problem.ts';

/**
 * The only step that waits and repeats: 429 and 503 as long as they come and `maxWait` lasts, what else may pass by
 * three times in all.
 */
export const limiterStep =
  (options: { readonly limiter: Limiter; readonly clock: Clock; readonly random: () => number }): Step =>
  async (context, next) => {
    const { limiter, clock, random } = options;
    const call = callOf(context);
    const { lane, signal, maxWait, notFound, streamed } = call.query;
    let waited = 0;

    const once = async (): Promise<void> => {
      for (;;) {
        const permit = await limiter.acquire(lane, { signal, maxWait, waited });
        waited = permit.waited;
        let keep = false;
        try {
          await next(context);
          const answer = answerOf(context);
          if (answer.status < 300) {
            permit.report({ kind: 'accepted', cost: costOf(answer) });
            keep = streamed === true;
            if (keep) call.permit = permit;
            return;
          }
          const problem = readProblem(answer.status, answer.text, answer.headers.get('request-id'));
          const wait = retryAfter(answer.headers, clock.now());
          if (answer.status !== 429 && answer.status !== 503) {
            // The step before this one replaces the token, so it needs to see the answer.
            if (answer.status === 401) return;
            throw graphError(problem, notFound, wait === undefined ? undefined : clock.now() + wait);
          }
          permit.report(throttled(problem, wait));
        } finally {
          if (!keep) permit.release();
        }
      }
    };
    await retryTransient(once, { clock, random, maxWait, signal });
  };

const throttled = ({ status, concurrency }: GraphProblem, retryAfter: number | undefined): Answer => ({
  kind: 'throttled',
  retryAfter,
  reason: status === 503 ? 'service' : concurrency ? 'concurrency' : 'quota',
});

function costOf({ headers }: GraphAnswer): number | undefined {
  const units = Number(headers.get('x-ms-resource-unit') ?? Number.NaN);
  return units > 0 && units <= 1_000 ? units : undefined;
}
