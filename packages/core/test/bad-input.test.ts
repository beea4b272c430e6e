import { describe, expect, it, vi } from 'vitest';
import { type Connector, ConnectorError, type Task } from '../src/index.ts';
import { BASE, connect, createHost } from './host.ts';

type Call = (connector: Connector, id: string) => unknown;
const long = 'x'.repeat(201);
const never = new AbortController().signal;
const as = <T>(value: unknown) => value as T;

const withConnectionId: readonly (readonly [string, (connector: Connector, id: string) => unknown])[] = [
  ['connections.get', (connector, id) => connector.connections.get(id)],
  ['connections.permissions', (connector, id) => connector.connections.permissions(id)],
  ['connections.disconnect', (connector, id) => connector.connections.disconnect(id)],
  ['authorization.begin', (c, id) => c.authorization.begin({ connectionId: id, actor: 'anna' })],
  ['authorization.invite', (c, id) => c.authorization.invite({ connectionId: id, actor: 'anna' })],
  ['authorization.check', (connector, id) => connector.authorization.check(id)],
  ['directory.sync', (connector, id) => connector.directory.sync(id)],
  ['directory.request', (connector, id) => connector.directory.request(id)],
  ['directory.status', (connector, id) => connector.directory.status(id)],
  ['mail.status', (connector, id) => connector.mail.status(id)],
  ['mail.failures', (connector, id) => connector.mail.failures(id)],
  ['accessToken', (connector, id) => connector.accessToken(id)],
  ['run', (connector, id) => connector.run({ kind: 'directory.sync', connectionId: id })],
];

const withOptions: readonly (readonly [
  string,
  (connector: Connector, id: string, options: never) => unknown,
])[] = [
  [
    'connections.register',
    (c, _, options) => c.connections.register({ organizationId: 'org-9', tenant: 'contoso' }, options),
  ],
  ['connections.disconnect', (connector, id, options) => connector.connections.disconnect(id, options)],
  ['authorization.check', (connector, id, options) => connector.authorization.check(id, options)],
  ['directory.sync', (connector, id, options) => connector.directory.sync(id, options)],
  ['accessToken', (connector, id, options) => connector.accessToken(id, options)],
  ['run', (c, id, options) => c.run({ kind: 'connection.verify', connectionId: id }, options)],
];

const others: readonly (readonly [string, string, Call])[] = [
  ['connections.register', 'request', (c) => c.connections.register(as(null))],
  ['connections.register', 'request', (c) => c.connections.register(as(undefined))],
  ['connections.register', 'maxWait', (c) => c.connections.register(as({}), { maxWait: -1 })],
  ['connections.ofOrganization', 'organizationId', (c) => c.connections.ofOrganization('')],
  ['connections.ofOrganization', 'organizationId', (c) => c.connections.ofOrganization(as(null))],
  ['connections.ofOrganization', 'providerId', (c) => c.connections.ofOrganization('org-1', as(5))],
  ['connections.list', 'filter', (c) => c.connections.list(as(null))],
  ['connections.list', 'filter', (c) => c.connections.list(as('p1'))],
  ['connections.list', 'parnterId', (c) => c.connections.list(as({ parnterId: 'p1' }))],
  ['connections.list', 'partnerId', (c) => c.connections.list({ partnerId: as(5) })],
  ['connections.list', 'partnerId', (c) => c.connections.list({ partnerId: as(undefined) })],
  ['connections.list', 'organizationId', (c) => c.connections.list({ organizationId: '' })],
  ['connections.disconnect', 'erase', (c, id) => c.connections.disconnect(id, { erase: as('false') })],
  ['connections.disconnect', 'erase', (c, id) => c.connections.disconnect(id, { erase: as(1) })],
  ['authorization.begin', 'request', (c) => c.authorization.begin(as(null))],
  ['authorization.begin', 'actor', (c, id) => c.authorization.begin({ connectionId: id, actor: long })],
  ['authorization.begin', 'actor', (c, id) => c.authorization.begin({ connectionId: id, actor: '\ud800' })],
  [
    'authorization.begin',
    'cookie',
    (c, id) => c.authorization.begin({ connectionId: id, actor: 'anna', cookie: 'short' }),
  ],
  [
    'authorization.begin',
    'cookie',
    (c, id) =>
      c.authorization.begin({ connectionId: id, actor: 'anna', cookie: `a; Domain=x${'y'.repeat(31)}` }),
  ],
  ['authorization.invite', 'request', (c) => c.authorization.invite(as(null))],
  ['authorization.invite', 'actor', (c, id) => c.authorization.invite({ connectionId: id, actor: '' })],
  ['authorization.invite', 'actor', (c, id) => c.authorization.invite({ connectionId: id, actor: long })],
  ['accessToken', 'maxWait', (c, id) => c.accessToken(id, { maxWait: Number.NaN })],
  ['accessToken', 'maxWait', (c, id) => c.accessToken(id, { maxWait: as('5') })],
  ['accessToken', 'fresh', (c, id) => c.accessToken(id, { fresh: as('yes') })],
  ['directory.sync', 'maxWait', (c, id) => c.directory.sync(id, as({ maxWait: 5 }))],
  ['mail.failures', 'mailboxId', (c, id) => c.mail.failures(id, as(5))],
  ['mail.failures', 'mailboxId', (c, id) => c.mail.failures(id, '')],
  ['mail.failures', 'mailboxId', (c, id) => c.mail.failures(id, '\udc00')],
  ['run', 'task', (c) => c.run(as(null))],
  ['run', 'task', (c) => c.run(as('directory.sync'))],
  ['run', 'kind', (c, id) => c.run(as({ kind: 'mail.backfil', connectionId: id }))],
  ['run', 'kind', (c, id) => c.run(as({ connectionId: id }))],
  ['run', 'mailboxId', (c, id) => c.run(as({ kind: 'mail.backfill', connectionId: id }))],
  [
    'run',
    'mailboxId',
    (c, id) => c.run({ kind: 'mail.backfill', connectionId: id, mailboxId: 'x'.repeat(513) }),
  ],
  ['run', 'mailbox', (c, id) => c.run(as({ kind: 'mail.plan', connectionId: id, mailbox: 'm' }))],
  ['handler', 'request', (c) => c.handler(as(undefined))],
  ['handler', 'request', (c) => c.handler(as(`${BASE}/begin`))],
];

/** What the call does to a host with one active connection. */
async function consequencesOf(call: Call) {
  const host = createHost();
  const id = await connect(host.connector);
  const put = vi.spyOn(host.storage, 'put');
  const remove = vi.spyOn(host.storage, 'delete');
  const before = await host.connector.connections.get(id);
  let error: unknown;
  let threwAtOnce = false;
  try {
    const result = call(host.connector, id);
    if (result instanceof Promise) await result.catch((thrown: unknown) => (error = thrown));
  } catch (thrown) {
    error = thrown;
    threwAtOnce = true;
  }
  const isChanged = put.mock.calls.length + remove.mock.calls.length > 0;
  expect(await host.connector.connections.get(id)).toEqual(before);
  return { error, threwAtOnce, isChanged };
}

async function expectRefused(name: string, field: string, call: Call) {
  const { error, threwAtOnce, isChanged } = await consequencesOf(call);
  expect(error).toBeInstanceOf(ConnectorError);
  expect(error).toMatchObject({ code: 'invalid_request', field });
  expect((error as Error).message).toMatch(new RegExp(`^${field}: (must|is not known here)`));
  expect(threwAtOnce).toBe(name === 'connections.list' || name === 'mail.failures');
  expect(isChanged).toBe(false);
}

describe('a call with an id of no use tells so, and changes nothing', () => {
  const wrong = [undefined, null, 5, {}, '', long, '\ud800'];
  it.each(withConnectionId)('%s', async (name, call) => {
    for (const id of wrong) await expectRefused(name, 'connectionId', (c) => call(c, as(id)));
  });
});

describe('a call with options of no use tells so, and changes nothing', () => {
  const signal = { signal: 5 };
  const cases: readonly (readonly [string, unknown])[] = [
    ['options', null],
    ['options', 5],
    ['options', []],
    // Passed in place of what holds it, it would be ignored.
    ['options', never],
    ['sginal', { sginal: never }],
  ];
  it.each(withOptions)('%s', async (name, call) => {
    for (const [field, options] of cases)
      await expectRefused(name, field, (connector, id) => call(connector, id, options as never));
    if (name !== 'connections.disconnect')
      await expectRefused(name, 'signal', (connector, id) => call(connector, id, signal as never));
  });
});

describe('a call with another parameter of no use tells so, and changes nothing', () => {
  it.each(others)('%s: %s', expectRefused);
});

it('ids that do not exist stay what they are: not found', async () => {
  const { connector } = createHost();
  expect(await connector.connections.get('none')).toBeUndefined();
  expect(await connector.directory.status('none')).toBeUndefined();
  expect(await connector.connections.ofOrganization('none')).toBeUndefined();
  await expect(connector.accessToken('none')).rejects.toMatchObject({ code: 'not_found' });
  const failures = Array.fromAsync(connector.mail.failures('none'));
  await expect(failures).rejects.toMatchObject({ code: 'not_found' });
});

it('what is right is let through', async () => {
  const { connector, service } = createHost();
  const id = await connect(connector);
  service.addMailbox('m/1', { inbox: 1 });
  expect(
    (await connector.accessToken(id, { fresh: true, maxWait: Number.POSITIVE_INFINITY })).token,
  ).toBeDefined();
  expect((await connector.accessToken(id, { signal: undefined, maxWait: undefined })).token).toBeDefined();
  const tasks: readonly Task[] = [
    { kind: 'connection.verify', connectionId: id },
    { kind: 'directory.sync', connectionId: id },
    { kind: 'mail.plan', connectionId: id },
    { kind: 'mail.backfill', connectionId: id, mailboxId: 'm/1' },
  ];
  for (const task of tasks)
    expect((await connector.run(task, { signal: never })).status).toMatch(/^(completed|yielded)$/);
  expect(await Array.fromAsync(connector.mail.failures(id, 'm/1'))).toEqual([]);
  const sync = connector.directory.sync(id, new AbortController());
  expect((await sync).connectionId).toBe(id);
  expect(await Array.fromAsync(connector.connections.list({}))).toHaveLength(1);
  expect(await connector.connections.disconnect(id, { erase: false })).toMatchObject({
    status: 'disconnected',
  });
});

describe('a host that begins an authorization itself', () => {
  const begin = async (baseUrl?: string) => {
    const host = createHost();
    const connector = baseUrl === undefined ? host.connector : host.create(host.clock, { baseUrl } as never);
    const { id } = await connector.connections.register({ organizationId: 'org-1', tenant: 'contoso' });
    return { connector, ...(await connector.authorization.begin({ connectionId: id, actor: 'anna' })) };
  };

  it('gets the header that brings the browser through the callback', async () => {
    const { connector, location, cookie, setCookie } = await begin();
    expect(setCookie).toBe(
      `__Secure-mailsphere_connect=${cookie}; Path=/connect; Max-Age=3600; HttpOnly; SameSite=Lax; Secure`,
    );
    const state = new URL(location).searchParams.get('state');
    const headers = { cookie: setCookie.split(';')[0] ?? '', 'x-user': 'anna' };
    const callback = new Request(`${BASE}/callback?state=${state}&code=good`, { headers });
    expect((await connector.handler(callback)).status).toBe(302);
  });

  it('keeps out a cookie that a page without https can plant', async () => {
    const { connector, location, cookie } = await begin();
    const state = new URL(location).searchParams.get('state');
    const headers = { cookie: `mailsphere_connect=${cookie}`, 'x-user': 'anna' };
    const callback = new Request(`${BASE}/callback?state=${state}&code=good`, { headers });
    expect((await connector.handler(callback)).status).toBe(400);
  });

  it('gets a cookie that works without https on its own machine', async () => {
    const { cookie, setCookie } = await begin('http://127.0.0.1:3000/connect');
    expect(setCookie).toBe(
      `mailsphere_connect=${cookie}; Path=/connect; Max-Age=3600; HttpOnly; SameSite=Lax`,
    );
  });
});

describe('an access token that the service refuses', () => {
  const refusal = new ConnectorError('reauthorization_required', 'Consent is gone.', {
    serviceCode: 'AADSTS7000112',
  });

  it('counts as a refusal of work, so that the administrator is asked again', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.refusal = refusal;
    await expect(host.connector.accessToken(id)).rejects.toBe(refusal);
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'active' });
    await host.clock.advance(4 * 60_000);
    await expect(host.connector.accessToken(id)).rejects.toBe(refusal);
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'reauthorization_required' });
  });

  it('is told even when the refusal cannot be recorded', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.refusal = refusal;
    host.storage.put = () => Promise.reject(new ConnectorError('storage_failed', 'The disk is full.'));
    await expect(host.connector.accessToken(id)).rejects.toBe(refusal);
  });

  it('says nothing of consent when the service was only out of reach', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.refusal = new ConnectorError('unavailable', 'Out of reach.');
    await expect(host.connector.accessToken(id)).rejects.toMatchObject({ code: 'unavailable' });
    const connection = await host.connector.connections.get(id);
    expect(connection?.refusedSince).toBeUndefined();
  });
});
