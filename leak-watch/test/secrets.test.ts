import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSecrets } from '../secrets.ts';
import { textOf } from '../text-of.ts';

describe('a known secret is found', () => {
  const secret = 'abc8Q~+/ "quoted" and long enough to be cut off';
  const secrets = createSecrets();
  secrets.learn('a client secret', secret);

  it.each([
    ['as it is', `before ${secret} after`],
    ['in a URL', `https://host.example/?q=${encodeURIComponent(secret)}`],
    ['in a form', String(new URLSearchParams({ q: secret }))],
    ['in JSON', JSON.stringify({ secret })],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in hex', Buffer.from(secret).toString('hex')],
    ['cut off', secret.slice(0, 32)],
  ])('%s', (_, text) => {
    expect(secrets.find(text)).toEqual(['a client secret']);
  });

  it('and nothing else is', () => {
    expect(secrets.find('abc8Q~ is not all of it')).toEqual([]);
  });

  it.each(['base64url', 'base64', 'hex'] as const)('when it is of random bytes, in %s', (encoding) => {
    const bytes = randomBytes(32);
    const random = createSecrets();
    random.learn('a state', bytes);
    expect(random.find(`"${bytes.toString(encoding)}"`)).toEqual(['a state']);
  });

  it('when it is a line of a private key', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const keys = createSecrets();
    keys.learn('a private key', pem);
    expect(keys.find(pem.split('\n')[1] ?? '')).toEqual(['a private key']);
    expect(createSecrets().find(pem)).toEqual(['a private key']);
  });

  it('when it is the signature of a token, or a short token that stands alone', () => {
    const tokens = createSecrets();
    tokens.learn('an access token', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJlLW9mLWl0');
    tokens.learn('an access token', 'token-1');
    expect(tokens.find('the rest was c2lnbmF0dXJlLW9mLWl0')).toEqual(['an access token']);
    expect(tokens.find('with token-1.')).toEqual(['an access token']);
    expect(tokens.find('with token-12')).toEqual([]);
  });
});

describe('a secret that nobody knew is found by its looks', () => {
  it.each([
    ['a signed token', 'id=eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJl'],
    ['a client secret', `"secret":"abc8Q~${'0aB.~-_'.repeat(5).slice(0, 34)}"`],
    ['an Authorization header', 'authorization: Bearer opaque-token'],
    ['the form of a token request', 'grant_type=x&client_secret=y'],
  ])('%s', (kind, text) => {
    expect(createSecrets().find(text)).toEqual([kind]);
  });

  it('and prose about it is not one', () => {
    expect(createSecrets().find('The Bearer token and client_secret of eyJ are missing.')).toEqual([]);
  });
});

describe('text is found wherever a value holds it', () => {
  it.each([
    ['the cause of a cause', new Error('a', { cause: new Error('b', { cause: 'needle' }) })],
    ['one error of many', new AggregateError([new Error('needle')])],
    ['a property of an error', Object.assign(new Error('a'), { answer: { body: 'needle' } })],
    ['a property that is not listed', Object.defineProperty({}, 'hidden', { value: 'needle' })],
    ['a symbol', { [Symbol('key')]: 'needle' }],
    ['a key', { needle: 1 }],
    ['a map', new Map([['a', new Set(['needle'])]])],
    ['a URL', { url: new URL('https://host.example/?needle') }],
    ['the headers of a request', { request: new Request('https://a.example', { headers: { a: 'needle' } }) }],
    ['bytes', Buffer.from('needle')],
    ['what toJSON tells', { toJSON: () => 'needle' }],
    ['a list', [1, null, undefined, ['needle']]],
  ])('%s', (_, value) => {
    expect(textOf(value)).toContain('needle');
  });

  it('also when it refers to itself', () => {
    const value: Record<string, unknown> = { text: 'needle' };
    value.self = value;
    expect(textOf(value)).toContain('needle');
  });
});
