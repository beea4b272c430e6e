import { ConnectorError, type ErrorCode } from '@mailsphere/core';
import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { connect, failure, graph, mailboxId, refusal, tenantId, tokenUrl, wire } from './wire.ts';

const { server, calls } = wire();
const message = { tenantId, mailboxId, folderId: 'folder', messageId: 'AAMk=', receivedAt: undefined };
const value = `${graph}/users/${mailboxId}/messages/:id/$value`;
const mime = () => new HttpResponse('mime', { headers: { 'content-type': 'text/plain' } });
const bare = (status: number) => new HttpResponse(null, { status });
const html = (status: number) => HttpResponse.html('<html>not here</html>', { status });

/** The error of one message, and how often it was asked for. */
async function content(answer: () => Response) {
  server.use(http.get(value, answer));
  const { provider, clock } = connect();
  const before = calls().length;
  const error = await clock.run(failure(provider.mail.content(message)));
  expect(ConnectorError.is(error)).toBe(true);
  return { error, asked: calls().length - before };
}

describe('a message that is there is not taken for gone', () => {
  it.each<[string, () => Response, ErrorCode]>([
    ['ErrorItemNotFound', () => refusal(404, 'ErrorItemNotFound'), 'gone'],
    ['errorITEMnotfound', () => refusal(404, 'errorITEMnotfound'), 'gone'],
    ['a missing user', () => refusal(404, 'Request_ResourceNotFound'), 'mailbox_not_found'],
    ['a missing mailbox', () => refusal(404, 'ResourceNotFound'), 'mailbox_not_found'],
    ['a user that is invalid for a while', () => refusal(404, 'ErrorInvalidUser'), 'mailbox_not_found'],
    ['a mailbox elsewhere', () => refusal(404, 'MailboxNotEnabledForRESTAPI'), 'mailbox_not_found'],
    ['a folder', () => refusal(404, 'ErrorFolderNotFound'), 'item_failed'],
    ['another word', () => refusal(404, 'UnknownError'), 'item_failed'],
    ['no word', () => refusal(404, ''), 'item_failed'],
    ['no body', () => bare(404), 'item_failed'],
    ['the page of a proxy', () => html(404), 'item_failed'],
  ])('by a 404 with %s', async (_name, answer, code) => {
    const { error, asked } = await content(answer);
    expect(error.code).toBe(code);
    expect(error.serviceCode).toBeDefined();
    expect(asked).toBe(1);
  });
});

describe('one message that is refused does not hold up the others', () => {
  it.each<[number, string]>([
    [400, 'ErrorInvalidRequest'],
    [403, 'ErrorSomethingElse'],
    [403, ''],
    [405, ''],
    [408, ''],
    [409, 'Directory_ConcurrencyViolation'],
    [410, 'SyncStateNotFound'],
    [410, ''],
    [423, ''],
    [500, 'ErrorInternalServerError'],
    [501, ''],
    [502, ''],
    [503, ''],
    [503, 'ErrorItemNotFound'],
    [503, 'ErrorServerBusy'],
    [504, ''],
    [507, ''],
    [509, ''],
    [400, 'ErrorMailboxMoveInProgress'],
    [418, 'constructor'],
  ])('%i %s', async (status, word) => {
    const { error, asked } = await content(() => refusal(status, word, { 'request-id': 'request-7' }));
    expect(error).toMatchObject({
      code: 'item_failed',
      serviceCode: word || `${status}`,
      requestId: 'request-7',
    });
    expect(asked).toBe(1);
  });

  it.each([500, 503])('a %i that ends poisoned is told at once', async (status) => {
    const { error, asked } = await content(() => refusal(status, 'ErrorMimeContentConversionFailed'));
    expect(error).toMatchObject({ code: 'poison', serviceCode: 'ErrorMimeContentConversionFailed' });
    expect(asked).toBe(1);
  });

  it('a 503 that only tells of a poisoned message does not make the others wait', async () => {
    server.use(
      http.get(value, ({ params }) =>
        params.id === message.messageId ? refusal(503, 'ErrorCorruptData', { 'retry-after': '300' }) : mime(),
      ),
    );
    const { provider } = connect();
    await failure(provider.mail.content(message));
    await (await provider.mail.content({ ...message, messageId: 'other' })).cancel();
  });

  it('whoever asks for it again at once is made to wait, and longer each time', async () => {
    server.use(http.get(value, () => refusal(500, '')));
    const { provider, clock } = connect();
    const pauses: number[] = [];
    for (let call = 0; call < 4; call++) {
      const before = clock.now();
      await clock.run(failure(provider.mail.content(message)));
      pauses.push(clock.now() - before);
    }
    expect(calls()).toHaveLength(4);
    expect(pauses[0]).toBe(0);
    for (const [index, least] of [500, 1_000, 2_000].entries())
      expect(pauses[index + 1]).toBeGreaterThanOrEqual(least);
  });

  it('a message that answers 503 for ever, each time with a long wait, is told each time', async () => {
    server.use(http.get(value, () => refusal(503, '', { 'retry-after': '300' })));
    const { provider, clock } = connect();
    for (let call = 1; call <= 3; call++) {
      const error = await failure(provider.mail.content(message));
      expect(error).toMatchObject({ code: 'item_failed', retryAt: clock.now() + 300_000 });
      expect(await failure(provider.mail.content(message))).toMatchObject({ code: 'throttled' });
      expect(calls()).toHaveLength(call);
      await clock.advance(300_000);
    }
  });

  it('where a message is is asked for three times', async () => {
    let asked = 0;
    server.use(
      http.get(`${graph}/users/${mailboxId}/messages/:id`, () =>
        ++asked < 3
          ? refusal(503, '')
          : HttpResponse.json({ id: message.messageId, parentFolderId: 'folder', isDraft: false }),
      ),
    );
    const { provider, clock } = connect();
    expect(await clock.run(provider.mail.locate(message))).toMatchObject({ folderId: 'folder' });
    expect(asked).toBe(3);
  });

  it('a 503 of one message still keeps the others of its mailbox back', async () => {
    server.use(http.get(value, () => refusal(503, '', { 'retry-after': '300' })));
    const { provider } = connect();
    await failure(provider.mail.content(message));
    expect(await failure(provider.mail.content({ ...message, messageId: 'other' }))).toMatchObject({
      code: 'throttled',
    });
    expect(calls()).toHaveLength(1);
  });

  it('429 is no word about the message, however often it comes', async () => {
    let turn = 0;
    server.use(
      http.get(value, () => (++turn < 8 ? refusal(429, 'ErrorCorruptData', { 'retry-after': '6' }) : mime())),
    );
    const { provider, clock } = connect();
    await (await clock.run(provider.mail.content(message, { maxWait: 3_600_000 }))).cancel();
    expect(calls()).toHaveLength(8);
  });
});

describe('a service that fails at random', () => {
  /** Answers well and badly by turns. */
  const shaky = async (answers: number) => {
    let asked = 0;
    server.use(http.get(value, () => (++asked % 2 === 0 ? refusal(500, '') : mime())));
    const { provider, clock } = connect();
    for (let id = 0; asked < answers; id++) {
      const ask = () => provider.mail.content({ ...message, messageId: `other-${id}` });
      const stream = await clock.run(ask().catch(ask));
      await stream.cancel();
    }
    return { provider, clock };
  };

  it('has a message repeated until it comes, and is not taken for a message that never does', async () => {
    const { provider, clock } = await shaky(40);
    let asked = 0;
    server.use(http.get(value, () => (++asked < 7 ? refusal(502, '') : mime())));
    expect(await new Response(await clock.run(provider.mail.content(message))).text()).toBe('mime');
    expect(asked).toBe(7);
  });

  it('still ends with a message that never comes', async () => {
    const { provider, clock } = await shaky(40);
    let asked = 0;
    server.use(
      http.get(value, () => {
        asked++;
        return refusal(502, '');
      }),
    );
    expect(await clock.run(failure(provider.mail.content(message)))).toMatchObject({ code: 'item_failed' });
    expect(asked).toBe(7);
  });

  it('is forgotten after ten minutes', async () => {
    const { provider, clock } = await shaky(40);
    await clock.advance(600_001);
    let asked = 0;
    server.use(
      http.get(value, () => {
        asked++;
        return refusal(502, '');
      }),
    );
    await failure(provider.mail.content(message));
    expect(asked).toBe(1);
  });
});

describe('what is no fault of the message is not blamed on it', () => {
  it.each(['Authorization_RequestDenied', 'ErrorAccessDenied'])('%s is the permission', async (word) => {
    expect((await content(() => refusal(403, word))).error.code).toBe('permission_missing');
  });

  it.each(['InvalidAuthenticationToken', 'ErrorItemNotFound', 'ErrorCorruptData', ''])(
    'a 401 %s that stays after a fresh token is the token',
    async (word) => {
      const { error, asked } = await content(() => refusal(401, word));
      expect(error.code).toBe('unavailable');
      expect(error.serviceCode).toBeUndefined();
      expect(asked).toBe(2);
    },
  );

  it('a consent that is gone is the administrator’s matter', async () => {
    const { error } = await content(() => refusal(401, 'Authorization_IdentityNotFound'));
    expect(error.code).toBe('reauthorization_required');
  });

  it.each<[number, ErrorCode]>([
    [7000215, 'credential_invalid'],
    [700016, 'reauthorization_required'],
    [90033, 'unavailable'],
  ])('AADSTS%i of the sign-in service is %s', async (number, code) => {
    server.use(
      http.post(tokenUrl, () =>
        HttpResponse.json({ error: 'invalid_client', error_codes: [number] }, { status: 401 }),
      ),
    );
    const { error, asked } = await content(() => mime());
    expect(error.code).toBe(code);
    expect(asked).toBe(0);
  });

  it('a connection that breaks has no word of the service', async () => {
    const { error, asked } = await content(() => HttpResponse.error());
    expect(error.code).toBe('unavailable');
    expect(error.serviceCode).toBeUndefined();
    expect(asked).toBe(3);
  });
});
