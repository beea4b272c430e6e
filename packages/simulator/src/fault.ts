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
 * - `claimsChallenge`: Graph asks for a fresh token (401), whatever the token is;
 * - `hang`: no answer at all until the client gives up;
 * - `reset`: a connection that breaks.
 */
export type FaultAnswer =
  | PlainAnswer
  | AadstsAnswer
  | { readonly merge: Readonly<Record<string, unknown>> }
  | { readonly callback: Readonly<Record<string, string>> }
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

// A fault for every route waits for a request that it can happen to.
function fits(answer: FaultAnswer, { service, route }: FaultQuery): boolean {
  if (answer === 'claimsChallenge') return service === 'graph';
  if (typeof answer === 'string') return true;
  if ('aadsts' in answer) return service === 'login';
  if ('callback' in answer) return route === 'authorize' || route === 'adminconsent';
  return true;
}

function answerOf(answer: Fault['answer']): FaultAnswer {
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

const CHUNK = 65_536;

/** @internal So many bytes that begin a JSON text and never end it. */
export function* blanks(bytes: number): Generator<Uint8Array, void, undefined> {
  for (let sent = 0; sent < bytes; sent += CHUNK) {
    const chunk = Buffer.alloc(Math.min(CHUNK, bytes - sent), ' ');
    if (sent === 0) chunk.write('{');
    yield chunk;
  }
}
