import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { type Forgery, foreign, identityService, idToken, nonce, ownSpki, personId } from './identity.ts';
import { clientId, connect, failure, login, secret, tenant, tenantId, tokenUrl, wire } from './wire.ts';

const { server, requests } = wire();
const attempt = {
  redirectUri: 'https://app.example/connect/callback',
  code: 'the-code',
  nonce,
  codeVerifier: 'the-verifier',
};

async function signIn(forgery: Forgery = {}) {
  const { provider, clock } = connect();
  const service = identityService(await idToken(clock.now() / 1000, forgery));
  server.use(...service.handlers);
  return {
    provider,
    clock,
    ...service,
    complete: () => provider.authorization.completeSignIn(tenant, attempt),
  };
}

describe('the browser is sent to exactly this tenant', () => {
  it('to sign in, with PKCE and a nonce', () => {
    const url = new URL(
      connect().provider.authorization.signInUrl(tenant, {
        redirectUri: attempt.redirectUri,
        state: 'a state',
        nonce,
        codeChallenge: 'challenge',
      }),
    );
    expect(url.origin + url.pathname).toBe(`${login}/${tenantId}/oauth2/v2.0/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: clientId,
      response_type: 'code',
      response_mode: 'query',
      scope: 'openid profile',
      redirect_uri: attempt.redirectUri,
      state: 'a state',
      nonce,
      code_challenge: 'challenge',
      code_challenge_method: 'S256',
      prompt: 'select_account',
    });
  });

  it('to consent to everything that is registered', () => {
    const url = new URL(
      connect().provider.authorization.consentUrl(tenant, { redirectUri: attempt.redirectUri, state: 's' }),
    );
    expect(url.origin + url.pathname).toBe(`${login}/${tenantId}/v2.0/adminconsent`);
    expect(url.searchParams.get('scope')).toBe('https://graph.microsoft.com/.default');
  });

  it('and to nowhere else, whatever the tenant is called', () => {
    const { authorization } = connect().provider;
    for (const id of ['common', '../evil', `${tenantId}/..`, ''])
      expect(() => authorization.consentUrl({ tenantId: id }, { redirectUri: '', state: '' })).toThrow(
        'tenantId must be the GUID',
      );
  });
});

describe('who signed in', () => {
  it.each<[string, Record<string, unknown>, boolean | undefined]>([
    ['may grant as Global Administrator', { wids: ['62e90394-69f5-4237-9190-012177145e10'] }, true],
    [
      'may grant as Privileged Role Administrator',
      { wids: ['x', 'E8611AB8-c189-46e8-94e1-60213ab1f814'] },
      true,
    ],
    ['may not as Application Administrator', { wids: ['9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3'] }, false],
    ['may not without a role', { wids: [] }, false],
    ['is unclear when the token does not say', {}, undefined],
    [
      'is unclear when an administrator may be a guest',
      { wids: ['62e90394-69f5-4237-9190-012177145e10'], acct: undefined },
      undefined,
    ],
    ['may not without a role, guest or not', { wids: [], acct: undefined }, false],
  ])('%s', async (_name, claims, mayGrant) => {
    const { complete, seen } = await signIn({ claims });
    expect(await complete()).toMatchObject({ tenantId, personId, mayGrant });
    expect(Object.fromEntries(seen.form)).toEqual({
      client_id: clientId,
      client_secret: secret,
      grant_type: 'authorization_code',
      scope: 'openid profile',
      code: attempt.code,
      redirect_uri: attempt.redirectUri,
      code_verifier: attempt.codeVerifier,
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['a guest', { acct: 1 }],
    ['a personal account', { tid: '9188040d-6c67-4c5b-b112-36a304b66dad' }],
  ])('is refused as %s', async (_name, claims) => {
    expect(await failure((await signIn({ claims })).complete())).toMatchObject({ code: 'consent_refused' });
  });
});

describe('a forged identity is refused', () => {
  const past = Date.UTC(2026, 0, 4) / 1000;
  it.each<[string, Forgery]>([
    ['signed with the public key as a secret', { header: { alg: 'HS256' }, key: Buffer.from(ownSpki) }],
    ['for another application', { claims: { aud: '66666666-6666-4666-8666-666666666666' } }],
    ['of another issuer', { claims: { iss: `${login}/99999999-9999-4999-8999-999999999999/v2.0` } }],
    ['of the issuer of version 1', { claims: { iss: `https://sts.windows.net/${tenantId}/` } }],
    ['of the template', { claims: { iss: `${login}/{tenantid}/v2.0` } }],
    ['of another tenant', { claims: { tid: '99999999-9999-4999-8999-999999999999' } }],
    ['without a tenant', { claims: { tid: undefined } }],
    ['of another attempt', { claims: { nonce: 'another' } }],
    ['without a nonce', { claims: { nonce: undefined } }],
    ['that ended', { claims: { iat: past, nbf: past, exp: past + 3600 } }],
    ['without an end', { claims: { exp: undefined } }],
    ['that is not valid yet', { claims: { nbf: past + 3 * 86_400 } }],
    ['signed by somebody else', { key: foreign.privateKey }],
    ['signed by a key of another issuer', { header: { kid: 'foreign' }, key: foreign.privateKey }],
    ['signed by a key of no issuer', { header: { kid: 'nobody' }, key: foreign.privateKey }],
    ['signed by an unknown key', { header: { kid: 'unknown' }, key: foreign.privateKey }],
    ['signed by a key of another kind', { header: { kid: 'odd' } }],
    ['that names no key', { header: { kid: undefined } }],
    ['that names no person', { claims: { oid: 'admin@contoso.com' } }],
  ])('%s', async (_name, forgery) => {
    const error = await failure((await signIn(forgery)).complete());
    expect(error).toMatchObject({ code: 'attempt_invalid' });
    expect(`${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toMatch(/contoso|subject|eyJ/);
  });

  it.each(['unsigned', 'not a token'])('%s', async (kind) => {
    const { provider, clock } = connect();
    const [, payload] = (await idToken(clock.now() / 1000)).split('.');
    const header = Buffer.from('{"alg":"none","kid":"own"}').toString('base64url');
    server.use(...identityService(kind === 'unsigned' ? `${header}.${payload}.` : 'x.y').handlers);
    expect(await failure(provider.authorization.completeSignIn(tenant, attempt))).toMatchObject({
      code: 'attempt_invalid',
    });
  });
});

describe('keys', () => {
  it('are read once a day, and a flood of unknown ones makes no flood of requests', async () => {
    const { complete, seen, clock, provider } = await signIn();
    await complete();
    await complete();
    expect(seen.keys).toBe(1);
    const forged = identityService(
      await idToken(clock.now() / 1000, { header: { kid: 'unknown' }, key: foreign.privateKey }),
    );
    server.use(...forged.handlers);
    for (let index = 0; index < 20; index++) await failure(complete());
    expect(forged.seen.keys).toBe(1);
    await clock.advance(300_000);
    await failure(complete());
    expect(forged.seen.keys).toBe(2);
    expect(provider.id).toBe('office365');
  });

  it('that cannot be read make no flood of requests either, and soon do again', async () => {
    const { complete, clock } = await signIn();
    await complete();
    const unknown = { header: { kid: 'unknown' }, key: foreign.privateKey };
    const forged = identityService(await idToken(clock.now() / 1000, unknown));
    let asked = 0;
    server.use(
      http.get(`${login}/:name/discovery/v2.0/keys`, () => {
        asked++;
        return new HttpResponse('busy', { status: 503 });
      }),
      ...forged.handlers,
    );
    // An administrator whose key is new learns that it is not their fault.
    const errors = await Promise.all(Array.from({ length: 20 }, () => failure(complete())));
    for (let index = 0; index < 20; index++) errors.push(await failure(complete()));
    for (const error of errors) expect(error).toMatchObject({ code: 'unavailable' });
    expect(asked).toBe(1);
    server.use(...forged.handlers);
    await clock.advance(5_000);
    expect(await failure(complete())).toMatchObject({ code: 'attempt_invalid' });
    expect(forged.seen.keys).toBe(1);
  });
});

describe('a code that cannot be redeemed', () => {
  it.each([
    [400, 'invalid_grant', 70008, 'attempt_invalid'],
    [400, 'invalid_grant', 54005, 'attempt_invalid'],
    [400, 'invalid_grant', 50076, 'attempt_invalid'],
    [400, 'invalid_grant', 65004, 'consent_refused'],
    [401, 'invalid_client', 7000222, 'credential_invalid'],
    [503, 'server_error', undefined, 'unavailable'],
    [400, 'invalid_grant', 123456, 'unexpected'],
  ])('%i %s %s: %s, after one try', async (status, error, code, expected) => {
    server.use(
      http.post(tokenUrl, () => HttpResponse.json({ error, error_codes: code && [code] }, { status })),
    );
    const thrown = await failure(connect().provider.authorization.completeSignIn(tenant, attempt));
    expect(thrown).toMatchObject({ code: expected });
    expect(requests).toHaveLength(1);
    expect(thrown.stack).not.toContain(attempt.code);
  });
});

describe('a browser that comes back with an error', () => {
  const canary = ' canary-text of somebody@contoso.com Trace ID: 1';
  it.each<[string, string | undefined, string, string, RegExp]>([
    ['access_denied', 'AADSTS65004: User declined.', 'consent_refused', 'AADSTS65004', /declined/],
    ['consent_required', 'AADSTS65004: User declined.', 'consent_refused', 'AADSTS65004', /declined/],
    ['access_denied', 'AADSTS90095: Approval.', 'consent_refused', 'AADSTS90095', /approve it/],
    ['invalid_request', 'AADSTS650051: It exists.', 'consent_refused', 'AADSTS650051', /delete it/],
    ['unauthorized_client', 'AADSTS700016: Not found.', 'consent_refused', 'AADSTS700016', /authorise it/],
    ['access_denied', undefined, 'consent_refused', 'access_denied', /refused or cancelled/],
    ['access_denied', 'AADSTS50105: Not assigned.', 'consent_refused', 'AADSTS50105', /refused or cancelled/],
    ['access_denied', 'AADSTS1234567: New.', 'consent_refused', 'AADSTS1234567', /refused or cancelled/],
    ['invalid_request', 'AADSTS50020: Of another.', 'consent_refused', 'AADSTS50020', /refused or cancelled/],
    ['something_new', 'no AADSTS65004: here', 'consent_refused', 'something_new', /refused or cancelled/],
    ['constructor', undefined, 'consent_refused', 'constructor', /refused or cancelled/],
    ['<b>canary-text', undefined, 'consent_refused', 'unknown', /refused or cancelled/],
    ['server_error', undefined, 'unavailable', 'server_error', /start again/],
    ['temporarily_unavailable', 'AADSTS1234567: New.', 'unavailable', 'AADSTS1234567', /start again/],
    ['access_denied', 'AADSTS90033: Busy.', 'unavailable', 'AADSTS90033', /start again/],
    ['invalid_request', 'AADSTS50011: Redirect.', 'credential_invalid', 'AADSTS50011', /operator/],
    ['unauthorized_client', undefined, 'credential_invalid', 'unauthorized_client', /operator/],
    ['invalid_request', 'AADSTS1234567: New.', 'credential_invalid', 'AADSTS1234567', /operator/],
    ['invalid_client', undefined, 'credential_invalid', 'invalid_client', /operator/],
  ])('%s, %s: %s', (error, description, code, serviceCode, sentence) => {
    const thrown = connect().provider.authorization.refusal?.(error, description && description + canary);
    expect(thrown).toMatchObject({ code, serviceCode });
    expect(thrown?.message).toMatch(sentence);
    expect(`${thrown?.stack} ${JSON.stringify(thrown)} ${thrown?.cause}`).not.toMatch(/canary|somebody/);
  });
});
