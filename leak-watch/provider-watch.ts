import type { Provider } from '@mailsphere/core';
import type { Office365Options, Transport, TransportRequest, TransportResponse } from '@mailsphere/office365';
import type { LeakWatch } from './leak-watch.ts';

const requestSecrets: Readonly<Record<string, string>> = {
  client_secret: 'a client secret',
  client_assertion: 'a client assertion',
  code: 'an authorization code',
  code_verifier: 'a PKCE verifier',
};
const answerSecrets: Readonly<Record<string, string>> = {
  access_token: 'an access token',
  id_token: 'an id token',
  refresh_token: 'a refresh token',
};

/** An `office365` that the watch learns the secrets of: the credential, and what is sent and received. */
export const watchProviders =
  (create: (options: Office365Options) => Provider, watch: LeakWatch) =>
  (options: Office365Options): Provider => {
    const { credential, transport } = (options ?? {}) as Partial<Office365Options>;
    const { secret, certificate } = (credential ?? {}) as {
      readonly secret?: unknown;
      readonly certificate?: { readonly privateKey?: unknown };
    };
    if (typeof secret === 'string') watch.learn('a client secret', secret);
    if (typeof certificate?.privateKey === 'string') watch.learn('a private key', certificate.privateKey);
    return create(
      typeof transport === 'function' ? { ...options, transport: watchTransport(transport, watch) } : options,
    );
  };

/** Learns what goes over it; nothing on the wire is a leak. */
export function watchTransport<T extends Transport>(transport: T, watch: LeakWatch): T {
  const watched: Transport = async (request) => {
    learnRequest(request, watch);
    const answer = await transport(request);
    return request.url.pathname.endsWith('/oauth2/v2.0/token') ? learnAnswer(answer, watch) : answer;
  };
  return Object.assign(watched, transport) as T;
}

function learnRequest({ headers, body }: TransportRequest, watch: LeakWatch) {
  for (const [name, value] of Object.entries(headers)) {
    const [, token] = /^Bearer (.+)$/.exec(value) ?? [];
    if (name.toLowerCase() === 'authorization' && token !== undefined) watch.learn('an access token', token);
  }
  for (const [name, value] of new URLSearchParams(body ?? '')) {
    const kind = requestSecrets[name];
    if (kind !== undefined) watch.learn(kind, value);
  }
}

const learnAnswer = (answer: TransportResponse, watch: LeakWatch): TransportResponse => ({
  status: answer.status,
  headers: answer.headers,
  body: {
    async *[Symbol.asyncIterator]() {
      const chunks: Uint8Array[] = [];
      try {
        for await (const chunk of answer.body) {
          chunks.push(chunk);
          yield chunk;
        }
      } finally {
        // Half an answer may hold a whole token.
        const text = Buffer.concat(chunks).toString('utf8');
        for (const [, name = '', value = ''] of text.matchAll(/"(\w+)"\s*:\s*"([^"]*)"/g)) {
          const kind = answerSecrets[name];
          if (kind !== undefined) watch.learn(kind, value);
        }
      }
    },
  },
  cancel: () => answer.cancel(),
});
