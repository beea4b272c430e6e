import type { Fault } from '../fault.ts';
import type { Quirks } from '../simulator-options.ts';

/** A bad day: what goes wrong, how often and when. Plain JSON, so that it can be kept in a file; times are seconds since it began. */
export interface Scenario {
  /** Same seed, same requests that fail. @default the seed of the simulator */
  readonly seed?: number;
  /** The first one that fits a request is its answer. */
  readonly faults?: readonly ScenarioFault[];
  /** Changes of the tenants, in the order given. */
  readonly changes?: readonly ScenarioChange[];
  /** As {@link SimulatorOptions.quirks}, from the beginning of the scenario on. */
  readonly quirks?: Partial<Quirks>;
  /** A proxy in front of Graph that answers at random, as Microsoft's Dev Proxy does. @default none */
  readonly devProxy?: DevProxyOptions;
}

/** An answer that some of the requests get in place of the true one. */
export interface ScenarioFault {
  /** As of {@link Fault.answer}: in full or by name. */
  readonly answer: Fault['answer'];
  /** Route as it appears in the counts. @default every route of Graph */
  readonly route?: string;
  /** Only requests about this mailbox, by user id or UPN. */
  readonly mailbox?: string;
  /** Only requests about this message, by its id. */
  readonly message?: string;
  /** Share of the requests that get it, from 0 to 1. @default 1 */
  readonly share?: number;
  /** What the share is of: requests, or resources, of which some then get it every time. @default 'request' */
  readonly by?: 'request' | 'resource';
  /** So many requests that would get it are spared first. @default 0 */
  readonly skip?: number;
  /** Most requests that get it. @default no end */
  readonly times?: number;
  /** @default 0 */
  readonly from?: number;
  /** @default no end */
  readonly until?: number;
}

/** A call of a method of the simulator. */
export interface ScenarioChange {
  /** It is made before the first request at or after this time. */
  readonly at: number;
  /** Such as `removeUser`; those of the admin surface. */
  readonly call: string;
  readonly arguments: readonly unknown[];
}

/** Microsoft's Dev Proxy: GraphRandomErrorPlugin, RetryAfterPlugin, RateLimitingPlugin and LatencyPlugin. */
export interface DevProxyOptions {
  /** Percentage of requests that get an error. @default 50 */
  readonly rate?: number;
  /** @default 429, 500, 502, 503, 504 */
  readonly codes?: readonly number[];
  /**
   * Whether a call before the `Retry-After` of 5 s is over gets 429 again and lets the time begin anew. It is kept for everything under
   * `/v1.0/users` together. @default true
   */
  readonly retryAfter?: boolean;
  /** Whether more than 60 requests in a minute get 429. @default false */
  readonly rateLimit?: boolean;
  /** Least and most milliseconds that an answer takes. @default [0, 0] */
  readonly latency?: readonly [number, number];
}
