import { fetchTransport, type Transport } from '@mailsphere/office365';
import type { IdleClock } from '../histories/idle-clock.ts';

// As the transport over sockets has them, in milliseconds.
const HEADERS = 60_000;
const BODY = 30_000;
// An abort without a reason makes an error with a stack, each time.
const IN_TIME = 'in time';

/** Told of each request about a mailbox. */
export interface Witness {
  asked(mailboxId: string, path: string): Exchange;
}

export interface Exchange {
  answered(status: number, headers: Headers): void;
  /** It was good: a content that began, or a page that is whole. */
  taken(): void;
  /** Nothing more of it is on the way. */
  ended(): void;
}

/** The simulator in this process, with the time-outs of a transport over sockets, by a clock that need not be waited for. */
export function timedTransport(
  fetch: (request: Request) => Promise<Response>,
  clock: IdleClock,
  witness: Witness,
): Transport {
  return async (request) => {
    const ending = new AbortController();
    const signal = request.signal ? AbortSignal.any([request.signal, ending.signal]) : ending.signal;
    const exchange = exchangeOf(witness, request.url);
    const inTime = <T>(work: Promise<T>, most: number): Promise<T> => {
      const timer = new AbortController();
      const late = clock.wait(most, { signal: timer.signal }).then(
        () => {
          ending.abort(new Error('The simulator was silent for too long.'));
          throw ending.signal.reason;
        },
        () => new Promise<never>(() => {}),
      );
      return Promise.race([work, late]).finally(() => timer.abort(IN_TIME));
    };
    const send = fetchTransport(async (sent) => {
      const answer = await fetch(sent);
      exchange?.answered(answer.status, answer.headers);
      return answer;
    });
    // A signature is made by threads of their own, which no clock sees.
    const sending =
      request.method === 'POST'
        ? clock.busy(() => send({ ...request, signal }))
        : send({ ...request, signal });
    try {
      const { status, headers, body, cancel } = await inTime(sending, HEADERS);
      const pieces = body[Symbol.asyncIterator]();
      const isContent = request.url.pathname.endsWith('/$value');
      const page: Uint8Array[] = [];
      if (status < 300 && isContent && !headers.get('content-type')?.startsWith('text/html'))
        exchange?.taken();
      return {
        status,
        headers,
        body: {
          async *[Symbol.asyncIterator]() {
            try {
              for (;;) {
                const piece = await inTime(pieces.next(), BODY);
                if (piece.done) {
                  if (status < 300 && !isContent && isJson(Buffer.concat(page).toString())) exchange?.taken();
                  return;
                }
                if (!isContent) page.push(piece.value);
                yield piece.value;
              }
            } finally {
              exchange?.ended();
            }
          },
        },
        cancel() {
          ending.abort(new Error('The answer was given up.'));
          cancel();
          exchange?.ended();
        },
      };
    } catch (error) {
      exchange?.ended();
      throw error;
    }
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function exchangeOf(witness: Witness, { pathname }: URL): Exchange | undefined {
  const mailboxId = /^\/v1\.0\/users\/([^/]+)\/./.exec(pathname)?.[1];
  return mailboxId === undefined ? undefined : witness.asked(mailboxId, decodeURIComponent(pathname));
}
