import type { Usage } from '@mailsphere/core';
import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { fetchTransport, type TransportResponse } from '../src/index.ts';
import { collect, connect, failure, graph, mailboxId, refusal, tenant, tenantId, wire } from './wire.ts';

const { server, calls } = wire();
const users = `${graph}/users/delta`;
const done = { value: [], '@odata.deltaLink': `${users}?$deltatoken=a` };
const answer = (units: string, body: object = done) =>
  HttpResponse.json(body, { headers: { 'x-ms-resource-unit': units } });

/** Gives these answers in turn, and says what the caller was told of them. */
async function told(...answers: (() => Response)[]): Promise<readonly Usage[]> {
  let turn = 0;
  server.use(http.get(users, () => (answers[turn++] ?? HttpResponse.error)()));
  const { provider, clock } = connect();
  const usages: Usage[] = [];
  const onAnswer = (usage: Usage) => usages.push(usage);
  await clock.run(collect(provider.directory.changes(tenant, 'user', { onAnswer })).catch(() => []));
  expect(calls()).toHaveLength(answers.length);
  return usages;
}
const costs = (usages: readonly Usage[]) => usages.map(({ resourceUnits }) => resourceUnits);

describe('what a sync costs is known', () => {
  it('page by page', async () => {
    const next = { value: [], '@odata.nextLink': `${users}?$skiptoken=a` };
    const usages = await told(
      () => answer('2', next),
      () => HttpResponse.json({ ...next, '@odata.nextLink': `${users}?$skiptoken=b` }),
      () => answer('3'),
    );
    expect(costs(usages)).toEqual([2, undefined, 3]);
  });

  it('with what was refused and asked for again: 429, 503, 500, and a token that was replaced', async () => {
    const usages = await told(
      () => refusal(401, 'InvalidAuthenticationToken'),
      () => refusal(429, 'TooManyRequests', { 'retry-after': '1' }),
      () => refusal(503, '', { 'x-ms-resource-unit': '4' }),
      () => refusal(500, ''),
      () => answer('1'),
    );
    expect(costs(usages)).toEqual([undefined, undefined, 4, undefined, 1]);
  });

  it.each<[number, string, string | undefined, number | undefined]>([
    [403, 'Authorization_RequestDenied', undefined, undefined],
    [410, 'SyncStateNotFound', '1', 1],
  ])('with what ended it: %i %s', async (status, code, units, expected) => {
    const headers = units === undefined ? undefined : { 'x-ms-resource-unit': units };
    expect(costs(await told(() => refusal(status, code, headers)))).toEqual([expected]);
  });

  it('with what broke off; a connection that broke before an answer cost nothing', async () => {
    const answers: (() => Promise<TransportResponse>)[] = [
      async () => ({
        status: 200,
        headers: new Headers({ 'x-ms-resource-unit': '2' }),
        // biome-ignore lint/correctness/useYield: it breaks off before the first byte
        body: (async function* () {
          throw new Error('broken off');
        })(),
        cancel: () => undefined,
      }),
      () => Promise.reject(new Error('no way')),
      () => fetchTransport(() => answer('1'))({ method: 'GET', url: new URL(users), headers: {} }),
    ];
    const token = () => Response.json({ access_token: 'a', expires_in: 3599 });
    let turn = 0;
    const { provider, clock } = connect({
      transport: (request) =>
        request.method === 'POST'
          ? fetchTransport(token)(request)
          : (answers[turn++]?.() ?? Promise.reject(new Error('one too many'))),
    });
    const usages: Usage[] = [];
    const onAnswer = (usage: Usage) => usages.push(usage);
    await clock.run(collect(provider.directory.changes(tenant, 'user', { onAnswer })));
    expect([costs(usages), turn]).toEqual([[2, 1], 3]);
  });

  it.each(['', 'many', '-1', '1e9', 'NaN'])(
    'what is no number of units (%s) counts for nothing',
    async (units) => {
      expect(costs(await told(() => answer(units)))).toEqual([undefined]);
    },
  );

  it('of domains, contacts, groups, mailboxes, folders and content, too', async () => {
    server.use(
      http.get(`${graph}/*`, ({ request }) =>
        request.url.endsWith('$value')
          ? new HttpResponse('mail')
          : answer('1', {
              value: [],
              ...(request.url.includes('delta') && {
                '@odata.deltaLink': `${request.url.split('?')[0]}?$deltatoken=a`,
              }),
            }),
      ),
    );
    const { provider } = connect();
    const usages: Usage[] = [];
    const options = { onAnswer: (usage: Usage) => void usages.push(usage) };
    for (const kind of ['domain', 'contact', 'group'] as const)
      await collect(provider.directory.changes(tenant, kind, options));
    await collect(provider.mail.mailboxes(tenant, options));
    await collect(provider.mail.folders({ tenantId, mailboxId }, options));
    const message = { tenantId, mailboxId, folderId: 'f', messageId: 'm', receivedAt: undefined };
    await collect(await provider.mail.content(message, options));
    expect(costs(usages)).toEqual([1, 1, 1, 1, 1, undefined]);
  });
});

it.each<[string, () => undefined | Promise<never>]>([
  [
    'throws',
    () => {
      throw new Error('broken');
    },
  ],
  ['fails later', () => Promise.reject(new Error('broken'))],
])('a callback that %s does not end the sync', async (_name, onAnswer) => {
  server.use(http.get(users, () => answer('1')));
  const pages = await collect(connect().provider.directory.changes(tenant, 'user', { onAnswer }));
  expect(pages).toHaveLength(1);
  expect(calls()).toHaveLength(1);
});

it('without a callback nothing changes', async () => {
  server.use(http.get(users, () => refusal(403, 'Authorization_RequestDenied')));
  expect(await failure(collect(connect().provider.directory.changes(tenant, 'user')))).toMatchObject({
    code: 'permission_missing',
  });
});
