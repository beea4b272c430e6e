import { ConnectorError, type ErrorCode } from '@mailsphere/core';
import { aadstsCodes } from '@mailsphere/simulator';
import { HttpResponse, http } from 'msw';
import { describe, expect, it, vi } from 'vitest';
import { connect, failure, secret, tenant, tokenUrl, wire } from './wire.ts';

const { server, requests } = wire();

const oauth = (status: number, error: string, code?: number) => () =>
  HttpResponse.json(
    {
      error,
      error_description: code ? `AADSTS${code}: canary-text somebody@contoso.com` : 'canary-text',
      ...(code && { error_codes: [code] }),
      trace_id: 'trace',
      correlation_id: 'correlation',
    },
    { status, headers: { 'x-ms-request-id': 'request-7' } },
  );

describe('whose turn it is after a refused token', () => {
  it.each<[number, string, number | undefined, ErrorCode]>([
    [400, 'invalid_grant', 65001, 'reauthorization_required'],
    [400, 'unauthorized_client', 700016, 'reauthorization_required'],
    [401, 'invalid_client', 7000229, 'reauthorization_required'],
    [400, 'unauthorized_client', 7000112, 'reauthorization_required'],
    [400, 'invalid_resource', 650052, 'reauthorization_required'],
    [401, 'invalid_client', 7000215, 'credential_invalid'],
    [401, 'invalid_client', 7000222, 'credential_invalid'],
    [401, 'invalid_client', 700027, 'credential_invalid'],
    [400, 'invalid_request', 50194, 'credential_invalid'],
    [400, 'invalid_scope', 70011, 'credential_invalid'],
    [400, 'invalid_client', undefined, 'credential_invalid'],
    [400, 'invalid_request', 90002, 'tenant_not_found'],
    [400, 'invalid_request', 900023, 'tenant_not_found'],
    [400, 'invalid_tenant', undefined, 'tenant_not_found'],
    [400, 'invalid_request', 90033, 'unavailable'],
    [400, 'temporarily_unavailable', undefined, 'unavailable'],
    [400, 'temporarily_unavailable', 123456, 'unavailable'],
    [500, 'invalid_client', 700016, 'unavailable'],
    [503, 'server_error', undefined, 'unavailable'],
    [429, 'invalid_request', 90055, 'unavailable'],
    // Unknown ones never cost a tenant its connection.
    [400, 'invalid_client', 99999999, 'unexpected'],
    [400, 'unauthorized_client', 1, 'unexpected'],
    [400, 'invalid_grant', 53003, 'unexpected'],
    [400, 'something_new', undefined, 'unexpected'],
  ])('%i %s %s: %s', async (status, error, code, expected) => {
    server.use(http.post(tokenUrl, oauth(status, error, code)));
    const { provider, clock } = connect();
    const thrown = await clock.run(failure(provider.acquireToken(tenant)));
    expect(ConnectorError.is(thrown, expected)).toBe(true);
    expect(thrown.serviceCode).toBe(code ? `AADSTS${code}` : error);
    expect(thrown.requestId).toBe('request-7');
    expect(inspect(thrown)).not.toMatch(/canary|somebody/);
    expect(inspect(thrown)).not.toContain(secret);
  });
});

/** Every code of "Microsoft Entra authentication and authorization error codes" that somebody may meet here. */
const documented: Readonly<Record<string, readonly number[]>> = {
  reauthorization_required: [
    65001, 65004, 700016, 7000229, 7000112, 70001, 700011, 90094, 90095, 90008, 90099, 650051, 650052, 501051,
    500011, 50001, 1000031,
  ],
  credential_invalid: [
    7000222, 7000215, 70002, 700027, 700030, 50012, 7000218, 700025, 50011, 50194, 650056, 650057, 65005,
    70011, 900144, 9002313, 700213, 70021, 700211, 700212, 700024, 50196,
  ],
  tenant_not_found: [90002, 900021, 900023, 50128, 50059, 90038, 900382, 900432],
  // Of a person who signs in, or of a code or token that is used up: that says nothing of the tenant.
  unexpected: [
    50020, 50034, 51004, 16000, 50076, 50079, 50072, 50074, 50078, 53000, 53001, 53002, 53003, 530032, 530034,
    530035, 50105, 50057, 50058, 500021, 500022, 500212, 500213, 70008, 700082, 50173, 70043, 50132, 50133,
    50089, 70000, 9002341, 700084, 54005, 50148, 70003, 90014,
  ],
  unavailable: [90033, 90006, 90012, 90024, 50033, 90090, 90041, 90055],
};

/** A refusal as it was recorded of the service, with this code. */
function recorded(code: number): Response {
  const known = new Map<string, { status: number; error: string; text: string; suberror?: string }>(
    Object.entries(aadstsCodes),
  ).get(String(code));
  if (!known) throw new Error(`No answer is known for ${code}.`);
  const trace = '6a2b0a58-0000-0000-0000-000000000000';
  return HttpResponse.json(
    {
      error: known.error,
      error_description: `AADSTS${code}: ${known.text} canary-text Trace ID: ${trace} Correlation ID: ${trace} Timestamp: 2026-01-01 00:00:00Z`,
      error_codes: [code],
      timestamp: '2026-01-01 00:00:00Z',
      trace_id: trace,
      correlation_id: trace,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
      ...(known.suberror && { suberror: known.suberror }),
    },
    { status: known.status, headers: { 'x-ms-request-id': trace } },
  );
}

describe('every code that is documented', () => {
  const all = Object.entries(documented).flatMap(([expected, codes]) =>
    codes.map((code) => [code, expected] as const),
  );

  it.each(all)('AADSTS%i is %s', async (code, expected) => {
    server.use(http.post(tokenUrl, () => recorded(code)));
    const { provider, clock } = connect();
    const thrown = await clock.run(failure(provider.acquireToken(tenant)));
    expect(thrown).toMatchObject({ code: expected, serviceCode: `AADSTS${code}` });
    expect(inspect(thrown)).not.toMatch(/canary|Trace ID/);
  });

  it('is in the list', () => {
    const listed = all.map(([code]) => code);
    expect(Object.keys(aadstsCodes).map(Number).sort()).toEqual([...listed].sort());
  });

  it.each(documented.reauthorization_required ?? [])(
    'AADSTS%i tells the administrator in one sentence what to do',
    async (code) => {
      server.use(http.post(tokenUrl, () => recorded(code)));
      const { message } = await failure(connect().provider.acquireToken(tenant));
      expect(message).toMatch(/^[A-Z][^.]{40,}\.$/);
      expect(message).toMatch(/authorise/);
      expect(message).not.toContain('AADSTS');
    },
  );

  it.each([
    [7000112, /Enterprise applications.*"Enabled for users to sign in".*authorise it again/],
    [650051, /delete it in the Microsoft Entra admin center/],
    [90095, /approve it/],
    [650052, /subscribed/],
    [501051, /assign/],
    [700016, /deleted there or never authorised/],
  ])('AADSTS%i names what it takes', async (code, expected) => {
    server.use(http.post(tokenUrl, () => recorded(code)));
    expect((await failure(connect().provider.acquireToken(tenant))).message).toMatch(expected);
  });

  it('a tenant that is gone is told apart from a name that was mistyped', async () => {
    server.use(http.post(tokenUrl, () => recorded(90002)));
    const { message } = await failure(connect().provider.acquireToken(tenant));
    expect(message).toMatch(/was deleted/);
  });
});

describe('what is not theirs, or not whole, never says reauthorise', () => {
  it.each<[string, () => Response, ErrorCode]>([
    ['a page of a proxy', () => new HttpResponse('<html>', { status: 503 }), 'unavailable'],
    ['a page of a proxy as 403', () => new HttpResponse('<html>', { status: 403 }), 'unavailable'],
    ['429 as plain text', () => new HttpResponse('Too Many Requests', { status: 429 }), 'unavailable'],
    ['an empty 200', () => new HttpResponse(null, { status: 200 }), 'unexpected'],
    ['an empty object', () => HttpResponse.json({}), 'unexpected'],
    [
      'a token that never was valid',
      () => HttpResponse.json({ access_token: 'a', expires_in: -5 }),
      'unexpected',
    ],
    ['a token without an end', () => HttpResponse.json({ access_token: 'a' }), 'unexpected'],
    ['an end without a token', () => HttpResponse.json({ expires_in: 3599 }), 'unexpected'],
    ['html as 200', () => new HttpResponse('<html>'), 'unexpected'],
    ['no answer', () => HttpResponse.error(), 'unavailable'],
    [
      'a redirect',
      () => new HttpResponse(null, { status: 307, headers: { location: 'https://evil.example/' } }),
      'link_refused',
    ],
    ['a body without end', () => new HttpResponse('x'.repeat(2_000_000)), 'unavailable'],
  ])('%s', async (_name, answer, expected) => {
    server.use(http.post(tokenUrl, answer));
    const { provider, clock } = connect();
    const thrown = await clock.run(failure(provider.acquireToken(tenant)));
    expect(thrown).toMatchObject({ code: expected });
    expect(requests.every(({ url }) => url.startsWith('https://login.microsoftonline.com/'))).toBe(true);
  });

  it('an answer that never comes is given up', async () => {
    const limit = new AbortController();
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(limit.signal);
    try {
      let asked = 0;
      server.use(
        http.post(tokenUrl, () => {
          asked++;
          return new Promise<never>(() => {});
        }),
      );
      const { provider, clock } = connect();
      const waiting = clock.run(failure(provider.acquireToken(tenant)));
      await vi.waitFor(() => expect(asked).toBe(1));
      limit.abort();
      expect(await waiting).toMatchObject({ code: 'unavailable' });
      expect(timeout).toHaveBeenCalledWith(30_000);
    } finally {
      timeout.mockRestore();
    }
  });

  it('a lifetime as text, or without end, is understood', async () => {
    let expires: unknown = '3599';
    server.use(http.post(tokenUrl, () => HttpResponse.json({ access_token: 'a', expires_in: expires })));
    const { provider, clock } = connect();
    expect((await provider.acquireToken(tenant)).expiresAt).toBe(clock.now() + 3_599_000);
    expires = 1e300;
    const { expiresAt } = await provider.acquireToken(tenant, { fresh: true });
    expect(expiresAt).toBe(clock.now() + 28 * 3_600_000);
  });

  it('a token of another tenant is not used', async () => {
    const payload = Buffer.from(JSON.stringify({ tid: '99999999-9999-4999-8999-999999999999' }));
    const token = `e30.${payload.toString('base64url')}.x`;
    server.use(http.post(tokenUrl, () => HttpResponse.json({ access_token: token, expires_in: 3599 })));
    const { provider } = connect();
    expect(await failure(provider.acquireToken(tenant))).toMatchObject({ code: 'unexpected' });
  });
});

it('a wait that the sign-in service asks for is kept, and other tenants go on', async () => {
  let calls = 0;
  server.use(
    http.post(tokenUrl, ({ params }) => {
      if (params.tenant !== tenant.tenantId)
        return HttpResponse.json({ access_token: 'other', expires_in: 3599 });
      calls++;
      return new HttpResponse('Too Many Requests', { status: 429, headers: { 'retry-after': '300' } });
    }),
  );
  const { provider, clock } = connect();
  const thrown = await failure(provider.acquireToken(tenant));
  expect(thrown).toMatchObject({ code: 'unavailable', retryAt: clock.now() + 300_000 });
  await failure(provider.acquireToken(tenant));
  expect(calls).toBe(1);
  await provider.acquireToken({ tenantId: '99999999-9999-4999-8999-999999999999' });
  await clock.advance(300_000);
  await failure(provider.acquireToken(tenant));
  expect(calls).toBe(2);
});

/** Everything that a log could make of an error. */
const inspect = (error: Error) =>
  `${error.stack} ${JSON.stringify(error, Object.getOwnPropertyNames(error))} ${error.cause}`;
