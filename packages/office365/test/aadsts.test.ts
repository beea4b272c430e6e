import { ConnectorError, type ErrorCode } from '@mailsphere/core';
import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
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
