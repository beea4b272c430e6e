import { type Clock, ConnectorError } from '@mailsphere/core';
import { aborted } from '../aborted.ts';
import type { Answer } from '../limiter/answer.ts';
import type { Limiter } from '../limiter/limiter.ts';
import { retryTransient } from '../transient-retry.ts';
import { retryAfter } from '../transport/retry-after.ts';
import type { Step } from './chain.ts';
import { answerOf, callOf, type GraphQuery } from './graph-call.ts';
import { type GraphProblem, readProblem } from './graph-problem.ts';
import { type GraphRefusal, graphRefusal } from './graph-refusal.ts';
import { createItemRefusals } from './item-refusals.ts';
import { pathText } from './resource-path.ts';
import { resourceUnits } from './resource-units.ts';
import { createSteadiness } from './steadiness.ts';

const TRIES = 3;
// Of a content on a service that fails at random: half of all answers may be errors, and hardly any message is blamed for it.
const TRIES_WHEN_SHAKY = 7;

/**
 * The only step that waits and repeats: 429 as long as it comes and `maxWait` lasts, and 503 likewise unless it is said of
 * a single item; what else may pass by, three times in all. An item that was refused so often, 503 included, ends with
 * `item_failed`, so that it cannot hold up the mailbox.
 *
 * A content that is refused is not repeated here, but by the caller, who knows what becomes of other messages meanwhile:
 * it is only kept from asking again too soon. Where the service fails at random, which shows here, it is repeated first.
 */
export function limiterStep(options: {
  readonly limiter: Limiter;
  readonly clock: Clock;
  readonly random: () => number;
}): Step {
  const { limiter, clock, random } = options;
  const refusals = createItemRefusals(clock, random);
  const steadiness = createSteadiness(clock);

  return async (context, next) => {
    const call = callOf(context);
    const { lane, signal, maxWait, about, streamed } = call.query;
    const item = about === 'item' ? itemOf(call.query) : undefined;
    let waited = 0;
    /** An error about an item that is worth another try. */
    let passing: ConnectorError | undefined;

    /** Ends the try, and the call too unless this may pass by and the item has not had all its tries. */
    const refused = ({ error, mayPass }: GraphRefusal): ConnectorError => {
      if (item === undefined) {
        if (mayPass) steadiness.failed(1);
        return error;
      }
      const tries = streamed ? (steadiness.isShaky ? TRIES_WHEN_SHAKY : 1) : TRIES;
      if (!refusals.add(item, tries, error.retryAt) && mayPass) passing = error;
      else refusals.endCall(item);
      return error;
    };
    const accepted = () => {
      steadiness.failed(item === undefined ? 0 : refusals.came(item));
      steadiness.succeeded();
    };

    const waitForTurn = async (item: string): Promise<void> => {
      const retryAt = refusals.restUntil(item);
      const pause = retryAt - clock.now();
      if (pause <= 0) return;
      if (pause > maxWait)
        throw new ConnectorError('throttled', 'Microsoft 365 asks to wait for longer than this call may.', {
          retryAt,
        });
      await clock.wait(pause, { signal }).catch(() => {
        throw aborted(signal);
      });
    };

    const once = async (): Promise<void> => {
      for (;;) {
        const permit = await limiter.acquire(lane, { signal, maxWait, waited });
        waited = permit.waited;
        let keep = false;
        try {
          await next(context);
          const answer = answerOf(context);
          const { status, headers } = answer;
          call.newConnection = status === 503;
          if (status < 300) {
            permit.report({ kind: 'accepted', cost: resourceUnits(headers) });
            accepted();
            keep = streamed === true;
            if (keep) call.permit = permit;
            if (item !== undefined) call.onBroken = () => void refusals.add(item, 1, undefined);
            return;
          }
          // The step before this one replaces the token, so it needs to see the answer.
          if (status === 401) return;
          const problem = readProblem(status, answer.text, headers.get('request-id'));
          const wait = retryAfter(headers, clock.now());
          const refusal = graphRefusal(problem, about, wait === undefined ? undefined : clock.now() + wait);
          if (status !== 429 && status !== 503) throw refused(refusal);
          // A poisoned item says nothing of the service.
          if (status === 503 && refusal.error.code === 'poison') throw refused(refusal);
          permit.report(throttled(problem, wait));
          if (status === 503) {
            const error = refused(refusal);
            if (item !== undefined && error !== passing) throw error;
          }
        } finally {
          if (!keep) permit.release();
        }
      }
    };
    if (item !== undefined) await waitForTurn(item);
    await retryTransient(once, {
      clock,
      random,
      maxWait,
      signal,
      tries: TRIES_WHEN_SHAKY,
      mayPass: (error, tries) =>
        error === passing || (tries < TRIES && ConnectorError.is(error, 'unavailable')),
    }).catch((error: unknown) => {
      // Its tries are over, some of them without an answer: the next call begins anew.
      if (item !== undefined && error === passing) refusals.endCall(item);
      throw error;
    });
  };
}

const throttled = ({ status, concurrency }: GraphProblem, retryAfter: number | undefined): Answer => ({
  kind: 'throttled',
  retryAfter,
  reason: status === 503 ? 'service' : concurrency ? 'concurrency' : 'quota',
});

const itemOf = ({ tenantId, path }: GraphQuery) => tenantId + pathText(path);
