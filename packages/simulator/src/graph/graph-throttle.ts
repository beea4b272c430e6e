import { createDirectoryLimit, resourceUnits } from '../limits/directory-limit.ts';
import { createMailboxLimit } from '../limits/mailbox-limit.ts';
import { createSlidingWindow } from '../limits/sliding-window.ts';
import type { World } from '../world.ts';
import type { Answer, GraphCall, Route } from './graph-call.ts';
import { errorBody, tooManyRequests } from './graph-error.ts';

/** What came of a request at the limits: it runs, or this is its answer. */
export type Passage =
  | { readonly refused: Answer }
  | { readonly refused?: undefined; readonly headers: Readonly<Record<string, string>>; release(): void };

/** The limits in the order in which they are checked: the global one, then those of the service; every request counts in all. */
export interface GraphThrottle {
  enter(route: Route, call: GraphCall, requestId: string): Passage;
}

const NOTHING = () => {};

/** Creates the limits of one simulator. */
export function createGraphThrottle(world: World): GraphThrottle {
  const { limits } = world.settings;
  const global = createSlidingWindow(10);
  const mailbox = createMailboxLimit(limits, world.clock, world.counts);
  const directory = createDirectoryLimit(limits, world.clock);
  const retryAfter = (milliseconds: number): Record<string, string> => {
    if (limits === false || limits.retryAfter === 'missing') return {};
    const seconds = limits.retryAfter === 'one' ? 1 : Math.max(1, Math.ceil(milliseconds / 1000));
    return { 'retry-after': String(seconds) };
  };

  const mailboxPassage = (route: Route, call: GraphCall, requestId: string): Passage => {
    const user = call.tenant.user(route.user ?? '');
    if (user === undefined || user.mailbox === 'none') return { headers: {}, release: NOTHING };
    const admission = mailbox.enter(user.id);
    if (admission.admitted) return { headers: {}, release: admission.release };
    const message =
      admission.reason === 'concurrency'
        ? 'Application is over its MailboxConcurrency limit.'
        : 'Application is over its request limit for this mailbox.';
    const json = errorBody(
      world,
      'ApplicationThrottled',
      message,
      requestId,
      call.header('client-request-id'),
    );
    return { refused: { status: 429, headers: retryAfter(admission.waitMs), json } };
  };

  const directoryPassage = (route: Route, call: GraphCall, requestId: string): Passage => {
    const units = resourceUnits(route.name, call.query);
    const spending = directory.spend(call.tenant, units);
    const percentage: Record<string, string> =
      spending.used > 0.8
        ? { 'x-ms-throttle-limit-percentage': Math.min(1.8, spending.used).toFixed(2) }
        : {};
    if (spending.admitted)
      return { headers: { 'x-ms-resource-unit': String(units), ...percentage }, release: NOTHING };
    const headers = {
      ...percentage,
      ...retryAfter(spending.waitMs),
      'x-ms-throttle-scope': `${spending.scope}/Read/${world.app.clientId}/${call.tenant.id}`,
      'x-ms-throttle-information': 'ResourceUnitLimitExceeded',
    };
    return { refused: { status: 429, headers, json: tooManyRequests(world, requestId) } };
  };

  return {
    enter: (route, call, requestId) => {
      const now = world.clock.now();
      const over = limits !== false && global.add(now) > limits.globalRequests;
      const passage =
        route.limit === 'mailbox'
          ? mailboxPassage(route, call, requestId)
          : route.limit === 'directory'
            ? directoryPassage(route, call, requestId)
            : { headers: {}, release: NOTHING };
      if (!over || passage.refused !== undefined) return passage;
      passage.release();
      const wait = retryAfter(global.wait(now, limits.globalRequests));
      return { refused: { status: 429, headers: wait, json: tooManyRequests(world, requestId) } };
    },
  };
}
