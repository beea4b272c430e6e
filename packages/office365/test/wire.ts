import type { Provider } from '@mailsphere/core';
import { virtualClock } from '@mailsphere/core/testing';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { fetchTransport, type Office365Options, office365 } from '../src/index.ts';

export const tenantId = '22222222-2222-4222-8222-222222222222';
export const clientId = '11111111-1111-4111-8111-111111111111';
export const mailboxId = '33333333-3333-4333-8333-333333333333';
export const secret = 'canary~Secret8Q~value';
export const login = 'https://login.microsoftonline.com';
export const graph = 'https://graph.microsoft.com/v1.0';
export const tenant = { tenantId };
export const tokenUrl = `${login}/:tenant/oauth2/v2.0/token`;

/** The wire, with a sign-in service that gives everyone a token called `token-1`, `token-2` and so on. */
export function wire() {
  const requests: Request[] = [];
  let tokens = 0;
  const server = setupServer(
    http.post(tokenUrl, () =>
      HttpResponse.json({ token_type: 'Bearer', expires_in: 3599, access_token: `token-${++tokens}` }),
    ),
  );
  server.events.on('request:start', ({ request }) => {
    requests.push(request.clone());
  });
  beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
  afterEach(() => {
    server.resetHandlers();
    requests.length = 0;
    tokens = 0;
  });
  afterAll(() => server.close());
  return {
    server,
    requests,
    /** Those to Graph. */
    calls: () => requests.filter(({ url }) => url.startsWith(graph)),
  };
}

/** A provider on a clock that stands still, over whatever `fetch` is at the moment. */
export function connect(options: Partial<Office365Options> = {}) {
  const clock = virtualClock();
  const provider: Provider = office365({
    clientId,
    credential: { secret },
    transport: fetchTransport((request) => globalThis.fetch(request)),
    clock,
    random: () => 0,
    ...options,
  });
  return { provider, clock };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The error that work ends with. */
export const failure = (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error) => error,
  );

export const refusal = (status: number, code: string, headers: Record<string, string> = {}) =>
  HttpResponse.json(
    { error: { code, message: 'canary-text of the service', innerError: { 'request-id': 'inner-id' } } },
    { status, headers },
  );
