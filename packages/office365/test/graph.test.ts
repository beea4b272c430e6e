import { inspect } from 'node:util';
import { ConnectorError, type ErrorCode } from '@mailsphere/core';
import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { fetchTransport, office365, type Transport, type TransportResponse } from '../src/index.ts';
import { breaking } from './breaking-body.ts';
import {
  clientId,
  collect,
  connect,
  failure,
  graph,
  mailboxId,
  refusal,
  secret,
  tenant,
  tenantId,
  wire,
} from './wire.ts';

const { server, calls } = wire();
const users = `${graph}/users/delta`;
const mailbox = { tenantId, mailboxId };
const message = { ...mailbox, folderId: 'folder', messageId: 'AAMk=', receivedAt: undefined };
const done = { value: [], '@odata.deltaLink': `${users}?$deltatoken=a` };

const inTurn = (...answers: (() => Response)[]) => {
  let turn = 0;
  return () => (answers[Math.min(turn++, answers.length - 1)] ?? HttpResponse.error)();
};

describe('what an answer means', () => {
  const read = {
    users: () => collect(connect().provider.directory.changes(tenant, 'user')),
    folders: () => collect(connect().provider.mail.folders(mailbox)),
    messages: () => collect(connect().provider.mail.messages(message)),
    content: () => connect().provider.mail.content(message),
  };

  it.each<[keyof typeof read, number, string, ErrorCode]>([
    ['users', 403, 'Authorization_RequestDenied', 'permission_missing'],
    ['users', 403, 'Authorization_IdentityNotFound', 'reauthorization_required'],
    ['users', 403, 'SomethingNew', 'permission_missing'],
    ['users', 410, 'SyncStateNotFound', 'cursor_expired'],
    ['users', 400, 'syncStateNotFound', 'cursor_expired'],
    ['users', 410, 'resyncRequired', 'cursor_expired'],
    ['users', 400, 'Directory_ExpiredPageToken', 'cursor_expired'],
    ['users', 410, '', 'cursor_expired'],
    ['users', 404, 'Request_ResourceNotFound', 'not_found'],
    ['users', 400, 'Request_BadRequest', 'unexpected'],
    ['folders', 404, 'ResourceNotFound', 'mailbox_not_found'],
    ['folders', 404, 'MailboxNotEnabledForRESTAPI', 'mailbox_not_found'],
    ['folders', 403, 'MailboxNotEnabledForRESTAPI', 'mailbox_not_found'],
    ['folders', 404, 'ErrorInvalidUser', 'mailbox_not_found'],
    ['folders', 404, 'ErrorNonExistentMailbox', 'mailbox_not_found'],
    ['folders', 404, 'Request_ResourceNotFound', 'mailbox_not_found'],
    ['folders', 403, 'ErrorAccessDenied', 'permission_missing'],
    ['messages', 404, 'ErrorItemNotFound', 'gone'],
    ['messages', 404, 'ResourceNotFound', 'mailbox_not_found'],
    ['content', 404, 'ErrorItemNotFound', 'gone'],
    ['content', 500, 'ErrorMimeContentConversionFailed', 'poison'],
    ['content', 500, 'ErrorCorruptData', 'poison'],
    ['content', 500, 'errorcontentconversionfailed', 'poison'],
  ])('%s: %i %s is %s, at the first try', async (what, status, code, expected) => {
    server.use(http.get(`${graph}/*`, () => refusal(status, code, { 'request-id': 'request-7' })));
    const error = await failure(read[what]());
    expect(ConnectorError.is(error, expected)).toBe(true);
    expect(error.serviceCode).toBe(code || String(status));
    expect(error.requestId).toBe('request-7');
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toMatch(/canary|token-1|AAMk/);
    expect(calls()).toHaveLength(1);
  });

  it.each([
    ['Authorization_IdentityNotFound', /administrator must authorise it again\.$/],
    ['Authorization_RequestDenied', /administrator must authorise the application again/],
  ])('%s tells the administrator in one sentence what to do', async (code, expected) => {
    server.use(http.get(users, () => refusal(403, code)));
    const { message } = await failure(read.users());
    expect(message).toMatch(expected);
    expect(message).toMatch(/^[A-Z][^.]+\.$/);
    expect(message).not.toContain(code);
  });

  it('the innermost word that is known counts, in either spelling of innerError', async () => {
    server.use(
      http.get(users, () =>
        HttpResponse.json(
          {
            error: { code: 'BadRequest', innererror: { code: 'resyncRequired', innerError: { code: 'x' } } },
          },
          { status: 400 },
        ),
      ),
    );
    expect(await failure(read.users())).toMatchObject({
      code: 'cursor_expired',
      serviceCode: 'resyncRequired',
    });
  });

  it.each(['constructor', 'toString', '__proto__'])(
    'the word %s is judged by the status, not taken for one of its own',
    async (code) => {
      server.use(http.get(users, () => refusal(403, code)));
      expect(await failure(read.users())).toMatchObject({ code: 'permission_missing', serviceCode: code });
    },
  );

  it('half a page does not carry what it says of people into the log', async () => {
    server.use(http.get(users, () => new HttpResponse('{"mail": ann-canary@contoso.com')));
    const { provider, clock } = connect();
    const error = await clock.run(failure(collect(provider.directory.changes(tenant, 'user'))));
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(inspect(error, { depth: 9 })).not.toContain('canary');
  });

  it('a word with something else in it is not passed on', async () => {
    server.use(http.get(users, () => refusal(400, 'somebody@contoso.com canary')));
    const error = await failure(read.users());
    expect(error).toMatchObject({ code: 'unexpected' });
    expect(error.serviceCode).toBe('400');
  });

  it('a shape that is not documented is named, not repeated', async () => {
    server.use(
      http.get(users, () => HttpResponse.json({ ...done, value: [{ id: 5, displayName: 'canary' }] })),
    );
    const error = await failure(read.users());
    expect(error).toMatchObject({ code: 'unexpected' });
    expect(error.message).toContain('value.0.id');
    expect(error.message).not.toContain('canary');
  });

  it('a page that leads to itself is not read for ever', async () => {
    server.use(
      http.get(users, () => HttpResponse.json({ value: [], '@odata.nextLink': `${users}?$skiptoken=a` })),
    );
    expect(await failure(read.users())).toMatchObject({ code: 'unexpected' });
    expect(calls()).toHaveLength(2);
  });

  it('a delta page without a link is not taken for the end', async () => {
    server.use(http.get(users, () => HttpResponse.json({ value: [] })));
    expect(await failure(read.users())).toMatchObject({ code: 'unexpected' });
  });
});

describe('what passes by is tried again', () => {
  it.each([408, 425, 500, 502, 504, 507, 509])('%i, three times in all', async (status) => {
    server.use(http.get(users, () => refusal(status, '')));
    const { provider, clock } = connect();
    const error = await clock.run(failure(collect(provider.directory.changes(tenant, 'user'))));
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(calls()).toHaveLength(3);
  });

  it.each<[string, () => Response]>([
    ['a connection that breaks', () => HttpResponse.error()],
    ['an answer that breaks off', () => new HttpResponse(breaking(Buffer.from('{"value":')))],
    ['half an answer', () => new HttpResponse('{"value":')],
    ['the page of a proxy', () => HttpResponse.html('<html>')],
    ['a 504', () => refusal(504, '')],
    ['a moving mailbox', () => refusal(400, 'ErrorMailboxMoveInProgress')],
  ])('%s, and then it works', async (_name, broken) => {
    server.use(
      http.get(
        users,
        inTurn(broken, broken, () => HttpResponse.json(done)),
      ),
    );
    const { provider, clock } = connect();
    expect(await clock.run(collect(provider.directory.changes(tenant, 'user')))).toHaveLength(1);
  });

  it.each([400, 403, 404, 405, 501])('but %i is not', async (status) => {
    server.use(http.get(users, () => refusal(status, '')));
    const { provider, clock } = connect();
    await clock.run(failure(collect(provider.directory.changes(tenant, 'user'))));
    expect(calls()).toHaveLength(1);
  });
});

describe('429 and 503', () => {
  it.each([429, 503])('%i is waited out as long as it comes', async (status) => {
    const busy = () => refusal(status, 'TooManyRequests', { 'retry-after': '6' });
    server.use(
      http.get(
        users,
        inTurn(busy, busy, busy, busy, busy, () => HttpResponse.json(done)),
      ),
    );
    const { provider, clock } = connect();
    const start = clock.now();
    await clock.run(collect(provider.directory.changes(tenant, 'user', { maxWait: 3_600_000 })));
    expect(clock.now() - start).toBeGreaterThanOrEqual(30_000);
    expect(calls()).toHaveLength(6);
  });

  it('after a 503 the server that is out of order is not asked again over its own connection', async () => {
    const asked: boolean[] = [];
    const inner = fetchTransport(
      inTurn(
        () => refusal(503, ''),
        () => refusal(500, ''),
        () => HttpResponse.json(done),
      ),
    );
    const { provider, clock } = connect({
      async transport(request) {
        if (request.method === 'POST')
          return fetchTransport(() => Response.json({ access_token: 'a', expires_in: 3599 }))(request);
        asked.push(request.newConnection === true);
        return inner(request);
      },
    });
    await clock.run(collect(provider.directory.changes(tenant, 'user')));
    expect(asked).toEqual([false, true, false]);
  });

  it('a wait beyond maxWait ends the call at once, with the time', async () => {
    server.use(http.get(users, () => refusal(429, 'TooManyRequests', { 'retry-after': '600' })));
    const { provider, clock } = connect();
    const error = await failure(collect(provider.directory.changes(tenant, 'user')));
    expect(error).toMatchObject({ code: 'throttled', retryAt: clock.now() + 600_000 });
  });

  it('every request has an id of its own, also when it is repeated', async () => {
    server.use(
      http.get(
        users,
        inTurn(
          () => refusal(429, ''),
          () => HttpResponse.json(done),
        ),
      ),
    );
    const { provider, clock } = connect();
    await clock.run(collect(provider.directory.changes(tenant, 'user')));
    const ids = calls().map((request) => request.headers.get('client-request-id'));
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([429, 500])('the body of a %i is taken off the connection', async (status) => {
    const left: string[] = [];
    let turn = 0;
    const answer = (code: number, body: string): TransportResponse => {
      let read = false;
      left.push(body);
      const forget = () => left.splice(left.indexOf(body), 1);
      return {
        status: code,
        headers: new Headers(),
        body: (async function* () {
          yield Buffer.from(body);
          read = true;
          forget();
        })(),
        cancel: () => read || forget(),
      };
    };
    const transport: Transport = async ({ method }) =>
      method === 'POST'
        ? answer(200, '{"access_token":"a","expires_in":3599}')
        : ++turn < 3
          ? answer(status, `{"turn":${turn}}`)
          : answer(200, JSON.stringify(done));
    const { clock } = connect();
    const provider = office365({ clientId, credential: { secret }, transport, clock, random: () => 0 });
    await clock.run(collect(provider.directory.changes(tenant, 'user')));
    expect(left).toEqual([]);
  });
});

describe('a caller that stops', () => {
  it('ends a call that waits, and the wait with it', async () => {
    server.use(http.get(users, () => refusal(429, '', { 'retry-after': '30' })));
    const { provider, clock } = connect();
    const stop = new AbortController();
    const round = failure(collect(provider.directory.changes(tenant, 'user', { signal: stop.signal })));
    await clock.advance(5_000);
    expect(clock.waiting).toBe(1);
    stop.abort(new Error('enough'));
    expect(await round).toMatchObject({ code: 'aborted' });
    expect(clock.waiting).toBe(0);
  });

  it('before it begins, sends nothing', async () => {
    const { provider } = connect();
    const error = await failure(collect(provider.mail.folders(mailbox, { signal: AbortSignal.abort() })));
    expect(error).toMatchObject({ code: 'aborted' });
    expect(calls()).toHaveLength(0);
  });
});
