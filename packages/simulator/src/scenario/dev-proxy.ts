import type { Clock } from '../clock.ts';
import type { Answer } from '../graph/graph-call.ts';
import type { GraphRequest } from '../graph/graph-service.ts';
import { share } from '../random.ts';
import type { DevProxyOptions } from './scenario.ts';
import { createTally } from './tally.ts';

/** Answers in place of Graph, or lets the request through. */
export type DevProxy = (request: GraphRequest) => Promise<Answer | undefined>;

const CODES = [429, 500, 502, 503, 504];
const RETRY_AFTER = 5;
// RateLimitingPlugin: 120 units in a fixed window of a minute, 2 for each request.
const WINDOW = 60_000;
const MOST = 60;

/**
 * As Dev Proxy does by its source: draws from 1 to 99, so that a rate of 50 is 50.5 %; one that is told to wait and does not is told
 * again, from the beginning. The parts of a batch are not looked at: the batch fails as a whole.
 */
export function createDevProxy(options: DevProxyOptions, seed: number, clock: Clock): DevProxy {
  const { rate = 50, codes = CODES, retryAfter = true, rateLimit = false, latency = [0, 0] } = options;
  const tally = createTally();
  const until = new Map<string, number>();
  let window = { began: Number.NEGATIVE_INFINITY, requests: 0 };

  const limited = (now: number): number | undefined => {
    if (now - window.began >= WINDOW) window = { began: now, requests: 0 };
    window.requests += 1;
    return window.requests > MOST ? Math.ceil((window.began + WINDOW - now) / 1000) : undefined;
  };

  return async ({ path, signal }) => {
    const number = tally.next(path);
    const drawn = (what: string) => share(seed, 'proxy', what, path, number);
    const [least, most] = latency;
    if (most > 0) await clock.wait(least + Math.floor(drawn('latency') * (most - least + 1)), { signal });
    const now = clock.now();
    const key = path.split('/')[2] ?? '';
    const again = () => {
      until.set(key, now + RETRY_AFTER * 1000);
      return errorOf(429, RETRY_AFTER);
    };
    if (retryAfter && (until.get(key) ?? 0) > now) return again();
    const wait = rateLimit ? limited(now) : undefined;
    if (wait !== undefined) return errorOf(429, wait);
    if (1 + Math.floor(drawn('error') * 99) > rate) return undefined;
    const code = codes[Math.floor(drawn('code') * codes.length)] ?? 500;
    return code === 429 ? again() : errorOf(code);
  };
}

function errorOf(status: number, retryAfter?: number): Answer {
  return {
    status,
    headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
    json: { error: { code: NAMES[status] ?? 'Error', message: 'An error of Dev Proxy.' } },
  };
}

const NAMES: Readonly<Record<number, string>> = {
  429: 'TooManyRequests',
  500: 'InternalServerError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
  507: 'InsufficientStorage',
};
