import type { Transport } from './transport.ts';

/**
 * A transport over any `fetch`: a mock in tests, or the `fetch` of a simulator that runs in this process.
 * It costs more time per request than the default transport.
 *
 * @example
 * office365({ clientId, credential, transport: fetchTransport(globalThis.fetch) });
 */
export function fetchTransport(fetch: (request: Request) => Response | Promise<Response>): Transport {
  return async ({ method, url, headers, body, signal }) => {
    const request = new Request(url, {
      method,
      headers,
      redirect: 'manual',
      body: body ?? null,
      signal: signal ?? null,
    });
    const answer = await fetch(request);
    const reader = answer.body?.getReader();
    return {
      status: answer.status,
      headers: answer.headers,
      body: {
        async *[Symbol.asyncIterator]() {
          for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read())
            yield piece.value;
        },
      },
      cancel() {
        reader?.cancel().catch(() => undefined);
      },
    };
  };
}
