import { type BrokenAnswer, brokenAnswers } from './broken-answer.ts';

/** An answer to give in place of the real one, for tests of what a client does when a service misbehaves. */
export interface Fault {
  /** Route as it appears in the counts, e.g. `token` or `messages.value`; `*` is every route. */
  readonly route: string;
  /** Only requests of this tenant. */
  readonly tenantId?: string;
  /** Only requests about this mailbox. */
  readonly mailboxId?: string;
  /** Only token requests with this `grant_type`. */
  readonly grant?: string;
  /** How many requests get it. @default 1 */
  readonly times?: number;
  /** Milliseconds that the answer is held back. @default 0 */
  readonly afterMs?: number;
  /** What happens, in full or by the name of a common way to misbehave. */
  readonly answer: FaultAnswer | BrokenAnswer;
}

/** An HTTP answer; `bodyBytes` makes a body of so many bytes, which is never held in memory. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyBytes?: number;
  /** `Retry-After` as an HTTP date so many seconds from now; a negative number is a date in the past. */
  readonly retryAfterDate?: number;
}

/** The true answer of Graph, delivered badly: what happens once a share of its body was sent. */
export interface BadDelivery {
  readonly deliver: {
    /** From 0 to 1. @default 0.5 */
    readonly after?: number;
    /**
     * - `reset`: the connection breaks;
     * - `end`: the body ends, as if it were complete;
     * - `stall`: nothing more comes until the client gives up;
     * - `drip`: the rest comes at one byte per second.
     */
    readonly ending: 'reset' | 'end' | 'stall' | 'drip';
    /** What `Content-Length` says: the truth, the length that is sent, or nothing (chunks). @default 'true' */
    readonly length?: 'true' | 'cut' | 'none';
  };
}

/**
 * A page of `messages.delta` with a flaw that clients must bear:
 *
 * - `twice`: every row comes twice;
 * - `reversed`: the rows come in another order;
 * - `removedFirst`: every message of the page is reported as removed before it is added;
 * - `withoutLast`: the last row is missing;
 * - `endsEarly`: there is more, but the page has a `deltaLink` and no `nextLink`;
 * - `leadsNowhere`: it has neither.
 */
export interface BadPage {
  readonly page: 'twice' | 'reversed' | 'removedFirst' | 'withoutLast' | 'endsEarly' | 'leadsNowhere';
}

/** A sign-in error by AADSTS number, as {@link aadstsCodes} has it or changed; a page where a page was asked for. */
export interface AadstsAnswer {
  readonly aadsts: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Properties of the body that differ; null leaves one out. */
  readonly merge?: Readonly<Record<string, unknown>>;
}

/**
 * What happens to a request:
 *
 * - an HTTP answer, or a sign-in error;
 * - `merge`: the true answer, with these properties of its JSON body replaced; null leaves one out;
 * - `callback`: the browser goes back to the app from a sign-in page with these parameters and the state;
 * - `deliver`, `page`: the true answer of Graph, delivered badly, or with a flawed page;
 * - `claimsChallenge`: Graph asks for a fresh token (401), whatever the token is;
 * - `hang`: no answer at all until the client gives up;
 * - `reset`: a connection that breaks.
 */
export type FaultAnswer =
  | PlainAnswer
  | AadstsAnswer
  | { readonly merge: Readonly<Record<string, unknown>> }
  | { readonly callback: Readonly<Record<string, string>> }
  | BadDelivery
  | BadPage
  | 'claimsChallenge'
  | 'hang'
  | 'reset';

/** @internal Thrown for `reset`: the server destroys the socket, and in-process callers see a failed fetch. */
export const RESET = 'The simulator broke the connection, as it was told to.';

/** @internal What a fault is looked up by. */
export interface FaultQuery {
  readonly service: 'login' | 'graph';
  readonly route: string;
  readonly tenantId?: string | undefined;
  readonly mailboxId?: string | undefined;
  readonly mailboxName?: string | undefined;
  readonly path: string;
  readonly grant?: string | undefined;
}

/** @internal The faults that wait for their requests. */
export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  take(query: FaultQuery): { readonly answer: FaultAnswer; readonly afterMs: number } | undefined;
}

/** @internal Creates an empty list of faults. */
export function createFaults(): Faults {
  const waiting: { fault: Fault; answer: FaultAnswer; left: number }[] = [];
  return {
    add: (fault) => {
      waiting.push({ fault, answer: answerOf(fault.answer), left: fault.times ?? 1 });
    },
    clear: () => {
      waiting.length = 0;
    },
    take: (query) => {
      if (waiting.length === 0) return undefined;
      const index = waiting.findIndex(({ fault, answer }) => matches(fault, query) && fits(answer, query));
      const found = waiting[index];
      if (found === undefined) return undefined;
      found.left -= 1;
      if (found.left <= 0) waiting.splice(index, 1);
      return { answer: found.answer, afterMs: found.fault.afterMs ?? 0 };
    },
  };
}

function matches(fault: Fault, query: FaultQuery): boolean {
  return (
    (fault.route === '*' || fault.route === query.route) &&
    (fault.tenantId === undefined || fault.tenantId === query.tenantId) &&
    (fault.mailboxId === undefined || fault.mailboxId === query.mailboxId) &&
    (fault.grant === undefined || fault.grant === query.grant)
  );
}

/** @internal A fault for every route waits for a request that it can happen to. */
export function fits(answer: FaultAnswer, { service, route }: FaultQuery): boolean {
  if (answer === 'claimsChallenge') return service === 'graph';
  if (typeof answer === 'string') return true;
  if ('aadsts' in answer) return service === 'login';
  if ('callback' in answer) return route === 'authorize' || route === 'adminconsent';
  if ('deliver' in answer) return service === 'graph';
  if ('page' in answer) return route === 'messages.delta';
  return true;
}

/** @internal What a name stands for. @throws RangeError when there is none like it */
export function answerOf(answer: Fault['answer']): FaultAnswer {
  if (typeof answer !== 'string' || answer === 'hang' || answer === 'reset' || answer === 'claimsChallenge')
    return answer;
  const named: FaultAnswer | undefined = brokenAnswers[answer];
  // From another process the name may be any text.
  if (named === undefined)
    throw new RangeError(
      `There is no answer '${String(answer)}': use ${Object.keys(brokenAnswers).join(', ')}.`,
    );
  return named;
}

/** @internal Answers nothing until the caller aborts. */
export function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** @internal An object with some properties replaced, and those left out that are null. */
export function merged(body: unknown, changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries({ ...(body as Record<string, unknown>), ...changes }).filter(
      ([name, value]) => !(name in changes && value === null),
    ),
  );
}

/** @internal The headers of an answer, with a date that depends on when it is given. */
export function headersOf({ headers, retryAfterDate }: PlainAnswer, now: number): Record<string, string> {
  if (retryAfterDate === undefined) return { ...headers };
  return { ...headers, 'retry-after': new Date(now + retryAfterDate * 1000).toUTCString() };
}

const CHUNK = 65_536;

/** @internal So many bytes that begin a JSON text and never end it. */
export function* blanks(bytes: number): Generator<Uint8Array, void, undefined> {
  for (let sent = 0; sent < bytes; sent += CHUNK) {
    const chunk = Buffer.alloc(Math.min(CHUNK, bytes - sent), ' ');
    if (sent === 0) chunk.write('{');
    yield chunk;
  }
}
