import { generateKeyPairSync } from 'node:crypto';
import { ConnectorError } from '@mailsphere/core';
import { generate } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import { type Office365Options, office365 } from '../src/index.ts';
import { clientId, secret } from './wire.ts';

const build = (options: unknown) => {
  try {
    return office365(options as Office365Options);
  } catch (error) {
    return error as ConnectorError;
  }
};
const pem = { type: 'pkcs8', format: 'pem' } as const;
const pair = await generate([{ name: 'commonName', value: 'connector' }], { keySize: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem).toString();
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pem).toString();
const certificate = (privateKey: unknown, text: unknown = pair.cert) => ({
  credential: { certificate: { privateKey, certificate: text } },
});

describe('a wrong option is named, and what it held is not repeated', () => {
  it.each<[string, unknown]>([
    ['options', undefined],
    ['clientId', { clientId: undefined }],
    ['clientId', { clientId: 'my app' }],
    ['credential', { credential: undefined }],
    ['credential', { credential: {} }],
    ['credential', { credential: { secret, assertion: async () => '' } }],
    ['credential.password', { credential: { password: secret } }],
    ['credential.secret', { credential: { secret: '' } }],
    ['credential.secret', { credential: { secret: 12345678 } }],
    ['credential.secret', { credential: { secret: '44444444-4444-4444-8444-444444444444' } }],
    ['credential.assertion', { credential: { assertion: secret } }],
    ['credential.certificate', { credential: { certificate: secret } }],
    ['credential.certificate.privateKey', certificate(secret)],
    ['credential.certificate.privateKey', certificate(other)],
    ['credential.certificate.privateKey', certificate(elliptic)],
    ['credential.certificate.certificate', certificate(pair.private, secret)],
    ['credential.expiresAt', { credential: { secret, expiresAt: 'canary' } }],
    ['credential.expiresAt', { credential: { secret, expiresAt: '2027-01-31' } }],
    ['credential.expiresAt', { credential: { secret, expiresAt: '2027-01-31T00:00:00' } }],
    ['credential.expiresAt', { credential: { secret, expiresAt: '2027-02-30T00:00:00Z' } }],
    ['credential.expiresAt', { credential: { assertion: async () => '', expiresAt: new Date() } }],
    [
      'credential.expiresAt',
      {
        credential: {
          certificate: { privateKey: pair.private, certificate: pair.cert },
          expiresAt: '2027-01-31T00:00:00Z',
        },
      },
    ],
    ['credential', { credential: { expiresAt: '2027-01-31T00:00:00Z' } }],
    ['optionalCapabilities', { optionalCapabilities: 'mail' }],
    ['optionalCapabilities.0', { optionalCapabilities: ['connect'] }],
    ['optionalCapabilities.1', { optionalCapabilities: ['mail', 'hidden_members'] }],
    ['optionalCapabilities', { optionalCapabilities: ['mail', 'directory'] }],
    ['mailboxKinds', { mailboxKinds: 'all' }],
    ['cloud', { cloud: 'mars' }],
    ['cloud', { cloud: 'toString' }],
    ['cloud', { cloud: 5 }],
    ['cloud.graph', { cloud: { login: 'https://login.example', graph: 'http://graph.example' } }],
    ['cloud.login', { cloud: { login: 'http://127.0.0.1.evil.example', graph: 'https://graph.example' } }],
    ['cloud.login', { cloud: { login: 'https://me:canary@login.example', graph: 'https://graph.example' } }],
    ['cloud.login', { cloud: { login: 'https://login.example/path', graph: 'https://graph.example' } }],
    ['cloud.graph', { cloud: { login: 'https://login.example', graph: 'https://graph.example?a' } }],
    ['cloud.graph', { cloud: { login: 'https://login.example' } }],
    ['cloud.login', { cloud: { login: 'ftp://localhost', graph: 'https://graph.example' } }],
    ['limiterStore', { limiterStore: new Map() }],
    ['limiterStore', { limiterStore: 'canary' }],
    ['transport', { transport: 'undici' }],
    ['clock', { clock: {} }],
    ['random', { random: 4 }],
    ['secret', { secret }],
  ])('%s', (field, wrong) => {
    const error = build(
      wrong === undefined ? undefined : { clientId, credential: { secret }, ...(wrong as object) },
    );
    expect(ConnectorError.is(error, 'invalid_options')).toBe(true);
    if (!ConnectorError.is(error)) return;
    expect(error.field).toBe(field);
    expect(error.message).toContain(`office365: ${field}`);
    expect(`${error.stack}`).not.toMatch(/canary|PRIVATE KEY|44444444/);
  });

  it.each<[string, unknown]>([
    ['a certificate', certificate(pair.private)],
    ['an assertion', { credential: { assertion: async () => 'a' } }],
    ['a secret with its end', { credential: { secret, expiresAt: '2027-01-31T00:00:00+01:00' } }],
    ['a host without mail', { optionalCapabilities: ['mail'] }],
    ['a host that wants kinds of mailboxes', { mailboxKinds: true }],
    [
      'a store for the limiter',
      { limiterStore: { load: async () => undefined, save: async () => undefined } },
    ],
    ['a named cloud', { cloud: 'us_gov' }],
    [
      'a simulator on this machine',
      { cloud: { login: 'http://127.0.0.1:4000', graph: 'http://localhost:4001' } },
    ],
    ['a simulator over IPv6', { cloud: { login: 'http://[::1]:4000/', graph: 'http://[::1]:4001' } }],
    ['a proxy', { cloud: { login: 'https://login.example', graph: 'https://graph.example:8443' } }],
  ])('but %s is welcome', async (_name, options) => {
    const provider = build({ clientId, credential: { secret }, ...(options as object) });
    expect(ConnectorError.is(provider)).toBe(false);
    if (!(provider instanceof Error)) await provider.close?.();
  });
});
