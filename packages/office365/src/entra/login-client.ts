import { type Clock, ConnectorError } from '@mailsphere/core';
import { aborted } from '../aborted.ts';
import type { Cloud } from '../cloud.ts';
import { readText } from '../transport/body.ts';
import { retryAfter } from '../transport/retry-after.ts';
import type { Transport } from '../transport/transport.ts';
import type { LoginAnswer } from './login-answer.ts';

const TIMEOUT = 30_000;
const LONGEST_BODY = 1_048_576;

export interface LoginRequest {
  readonly url: URL;
  /** Sent as a form with POST; without it the request is a GET. */
  readonly form?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Talks to the sign-in service, and to no other host. */
export interface LoginClient {
  /** @throws ConnectorError `unavailable`, `link_refused`, `aborted` */
  send(request: LoginRequest): Promise<LoginAnswer>;
}

export function createLoginClient(options: {
  readonly cloud: Cloud;
  readonly transport: Transport;
  readonly clock: Clock;
}): LoginClient {
  const { cloud, transport, clock } = options;
  return {
    async send({ url, form, headers, signal }) {
      if (url.origin !== cloud.login || url.username || url.password)
        throw new ConnectorError('link_refused', 'A sign-in request would have left for another host.');
      // Real time, whatever the clock: it guards against a network that never answers.
      const timeout = AbortSignal.timeout(TIMEOUT);
      try {
        const response = await transport({
          method: form === undefined ? 'GET' : 'POST',
          url,
          headers: {
            ...headers,
            accept: 'application/json',
            ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
          },
          body: form,
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        });
        if (response.status >= 300 && response.status < 400) {
          response.cancel();
          throw new ConnectorError(
            'link_refused',
            'The sign-in service answered with a redirect, which is not followed: look for a proxy on the way.',
          );
        }
        const text = await readText(response, LONGEST_BODY);
        const now = clock.now();
        const wait = retryAfter(response.headers, now);
        return {
          status: response.status,
          requestId: response.headers.get('x-ms-request-id') ?? undefined,
          retryAt: wait === undefined ? undefined : now + wait,
          json: jsonOf(text),
        };
      } catch (cause) {
        if (signal?.aborted) throw aborted(signal);
        if (ConnectorError.is(cause)) throw cause;
        throw new ConnectorError(
          'unavailable',
          'The sign-in service cannot be reached: try again when the way to it works.',
          { cause },
        );
      }
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
