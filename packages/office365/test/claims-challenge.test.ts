import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { claimsOf } from '../src/graph/claims-challenge.ts';
import { house } from './house.ts';
import { collect, connect, failure, graph, tenant, tokenUrl, wire } from './wire.ts';

const { server, requests, calls } = wire();
const users = `${graph}/users/delta`;
const wanted = { access_token: { nbf: { essential: true, value: '1700000000' } } };
const base64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
const challenge = (claims: string, rest = '') =>
  `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", claims="${claims}"${rest}`;

describe('what a 401 asks for is read as it is documented', () => {
  // The example of "Claims challenges, claims requests and client capabilities".
  const documented = 'eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoiY3AxIn19fQ==';

  it.each<[string, string, unknown]>([
    ['the documented header', challenge(documented), { acrs: { essential: true, value: 'cp1' } }],
    ['after another scheme', `Negotiate YWJj==, ${challenge(base64(wanted))}`, wanted.access_token],
    ['before another scheme', challenge(base64(wanted), ', Basic realm="a, b"'), wanted.access_token],
    [
      'of two of its own scheme, the one with claims',
      `Bearer realm="", error="invalid_token", ${challenge(base64(wanted))}`,
      wanted.access_token,
    ],
    [
      'in any case, with spaces and without quotes',
      `bearer Error = insufficient_claims ,CLAIMS="${base64(wanted)}"`,
      wanted.access_token,
    ],
    [
      'with quotes in a quoted text',
      challenge(base64(wanted), ', error_description="\\"claims=\\" are missing"'),
      wanted.access_token,
    ],
    ['with what is not for this token', challenge(base64({ ...wanted, id_token: 5 })), wanted.access_token],
  ])('%s', (_name, header, expected) => {
    expect(JSON.parse(claimsOf(header) ?? '{}')).toEqual({ access_token: expected });
  });

  it.each<[string, string | null]>([
    ['no header', null],
    ['an empty one', ''],
    ['another error', challenge(base64(wanted)).replace('insufficient_claims', 'invalid_token')],
    ['no error', `Bearer claims="${base64(wanted)}"`],
    ['no claims', 'Bearer error="insufficient_claims"'],
    ['claims of another scheme', `PoP error="insufficient_claims", claims="${base64(wanted)}"`],
    [
      'claims within a text',
      `Bearer realm="error=\\"insufficient_claims\\", claims=\\"${base64(wanted)}\\""`,
    ],
    ['a quote that does not end', challenge(base64(wanted)).slice(0, -1)],
    ['two values', challenge(base64(wanted), `, claims="${base64(wanted)}"`)],
    ['no comma', challenge(base64(wanted)).replaceAll(', ', ' ')],
    ['no base64', challenge('{"access_token":{}}'.replaceAll('"', "'"))],
    ['half of it', challenge(base64(wanted).slice(0, -3))],
    ['no JSON', challenge(base64('{"access_token":'))],
    ['no text', challenge(Buffer.from([0xff, 0xfe, 0xff]).toString('base64'))],
    ['a list', challenge(base64([wanted]))],
    ['nothing for this token', challenge(base64({ id_token: {} }))],
    ['a word for this token', challenge(base64({ access_token: 'all' }))],
    ['too much', challenge(base64({ access_token: { a: 'x'.repeat(7_000) } }))],
    ['a header without end', challenge(base64(wanted), `, a="${'x'.repeat(20_000)}"`)],
  ])('%s is no challenge', (_name, header) => {
    expect(claimsOf(header)).toBeUndefined();
  });
});

const challenged = () =>
  new HttpResponse(null, { status: 401, headers: { 'www-authenticate': challenge(base64(wanted)) } });

/** Graph accepts these tokens only, and challenges the others. */
function accepts(...tokens: string[]) {
  const forms: URLSearchParams[] = [];
  let made = 0;
  server.use(
    http.get(users, ({ request }) =>
      tokens.some((token) => request.headers.get('authorization') === `Bearer ${token}`)
        ? HttpResponse.json({ value: [], '@odata.deltaLink': `${users}?$deltatoken=a` })
        : challenged(),
    ),
    http.post(tokenUrl, async ({ request }) => {
      forms.push(new URLSearchParams(await request.text()));
      return HttpResponse.json({ access_token: `token-${++made}`, expires_in: 3599 });
    }),
  );
  return forms;
}

describe('a token whose claims are insufficient', () => {
  it('is replaced by one with the claims, once for all who were challenged', async () => {
    const forms = accepts('token-2');
    const { provider, clock } = connect();
    const rounds = Array.from({ length: 30 }, () => collect(provider.directory.changes(tenant, 'user')));
    for (const pages of await clock.run(Promise.all(rounds))) expect(pages).toHaveLength(1);
    expect(forms).toHaveLength(2);
    expect(forms[0]?.get('claims') ?? '').not.toContain('nbf');
    expect(JSON.parse(forms[1]?.get('claims') ?? '{}').access_token).toEqual(wanted.access_token);
    // No promise to bear with tokens that live for a day.
    expect(forms[1]?.get('claims')).not.toContain('xms_cc');
    expect(await provider.acquireToken(tenant)).toMatchObject({ token: 'token-2' });
  });

  it('is not taken for good because another one was fetched meanwhile without the claims', async () => {
    const forms = accepts('token-3');
    const { provider, clock } = connect();
    await provider.acquireToken(tenant);
    let refuse = () => {};
    const meanwhile = new Promise<void>((resolve) => {
      refuse = resolve;
    });
    server.use(
      http.get(
        users,
        async () => {
          await meanwhile;
          return challenged();
        },
        { once: true },
      ),
    );
    const reading = collect(provider.directory.changes(tenant, 'user'));
    expect(await provider.acquireToken(tenant, { fresh: true })).toMatchObject({ token: 'token-2' });
    refuse();
    expect(await clock.run(reading)).toHaveLength(1);
    expect(forms.map((form) => form.get('claims')?.includes('nbf') ?? false)).toEqual([false, false, true]);
  });

  it('is asked for no more when even the claims do not help', async () => {
    const forms = accepts();
    const { provider, clock } = connect();
    const read = () => collect(provider.directory.changes(tenant, 'user'));
    for (let call = 0; call < 5; call++)
      expect(await clock.run(failure(read()))).toMatchObject({ code: 'unavailable' });
    expect(forms).toHaveLength(2);
    expect(calls()).toHaveLength(2);
    await clock.advance(15_000);
    expect(await clock.run(failure(read()))).toMatchObject({ code: 'unavailable' });
    expect(forms).toHaveLength(4);
  });

  it('is replaced as any other when the challenge cannot be read', async () => {
    const { provider, clock } = connect();
    server.use(
      http.get(users, ({ request }) =>
        request.headers.get('authorization') === 'Bearer token-2'
          ? HttpResponse.json({ value: [], '@odata.deltaLink': `${users}?$deltatoken=a` })
          : new HttpResponse(null, { status: 401, headers: { 'www-authenticate': challenge('%%%') } }),
      ),
    );
    expect(await clock.run(collect(provider.directory.changes(tenant, 'user')))).toHaveLength(1);
    const asked = requests.filter(({ method }) => method === 'POST');
    expect(asked).toHaveLength(2);
    expect(new URLSearchParams(await asked[1]?.text()).get('claims') ?? '').not.toContain('access_token');
  });

  it('is replaced in the middle of a sync, which goes on', async () => {
    const { simulator, provider, ref, clock } = house({ tenants: [{ name: 'contoso', consented: true }] });
    simulator.inject({ route: 'users.delta', answer: 'claimsChallenge' });
    const pages = await clock.run(collect(provider.directory.changes(ref, 'user')));
    expect(pages.at(-1)?.caughtUp).toBe(true);
    expect(simulator.counts.byRoute.token).toBe(2);
  });
});
