import { describe, expect, it } from 'vitest';
import { type ConnectorOptions, createConnector } from '../src/index.ts';
import { BASE, connect, createHost } from './host.ts';

describe('createConnector', () => {
  const host = createHost();
  const good: ConnectorOptions = {
    providers: [host.provider],
    storage: host.storage,
    directory: host.directory,
    archive: host.archive,
    baseUrl: BASE,
    hooks: { authorize: () => 'anna' },
  };

  it.each([
    ['providers', { providers: [] }],
    ['storage', { storage: {} }],
    ['directory', { directory: undefined }],
    ['archive', { archive: { missing() {} } }],
    ['baseUrl', { baseUrl: 'app.example' }],
    ['baseUrl', { baseUrl: 'ftp://app.example' }],
    ['baseUrl', { baseUrl: 'http://app.example' }],
    ['baseUrl', { baseUrl: 'https://user:password@app.example' }],
    ['providers', { providers: [host.provider, host.provider] }],
    ['hooks.afterConnect', { hooks: { authorize: () => 'anna', afterConnect: 5 } }],
    ['baseUrl', { baseUrl: 'https://app.example/?x=1' }],
    ['hooks', { hooks: {} }],
    ['slice', { slice: 0 }],
    ['storge', { storge: 1 }],
  ])('names %s when it is of no use', (field, wrong) => {
    expect(() => createConnector({ ...good, ...wrong } as unknown as ConnectorOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_options', field }),
    );
  });
});

describe('register', () => {
  it.each([
    ['organizationId', { organizationId: '', tenant: 'contoso' }],
    ['tenant', { organizationId: 'org-1', tenant: '  ' }],
    ['provider', { organizationId: 'org-1', tenant: 'contoso', provider: 'gmail' }],
  ])('names %s when it is of no use, and records nothing', async (field, request) => {
    const host = createHost();
    await expect(host.connector.connections.register(request)).rejects.toMatchObject({
      code: 'invalid_request',
      field,
    });
    expect(await host.storage.list('connections')).toEqual([]);
  });

  it('records nothing for a tenant that does not exist', async () => {
    const host = createHost();
    const request = { organizationId: 'org-1', tenant: 'unknown' };
    await expect(host.connector.connections.register(request)).rejects.toMatchObject({
      code: 'tenant_not_found',
    });
    expect(await host.storage.list('connections')).toEqual([]);
  });

  it('is the same connection when it is done twice, also at the same time', async () => {
    const host = createHost();
    const request = { organizationId: 'org-1', tenant: 'contoso' };
    const both = await Promise.allSettled([
      host.connector.connections.register(request),
      host.connector.connections.register(request),
    ]);
    const again = await host.connector.connections.register(request);
    expect(both.some((one) => one.status === 'fulfilled')).toBe(true);
    expect(await host.storage.list('connections')).toHaveLength(1);
    expect(again.tenant.tenantId).toBeDefined();
  });

  it('lists the organizations of one partner only', async () => {
    const host = createHost();
    await host.connector.connections.register({ organizationId: 'a', tenant: 'contoso', partnerId: 'p1' });
    await host.connector.connections.register({ organizationId: 'b', tenant: 'contoso', partnerId: 'p2' });
    const listed = await Array.fromAsync(host.connector.connections.list({ partnerId: 'p1' }));
    expect(listed.map((connection) => connection.organizationId)).toEqual(['a']);
  });
});

describe('a connection that is not active', () => {
  it('runs nothing', async () => {
    const host = createHost();
    const { id } = await host.connector.connections.register({ organizationId: 'org-1', tenant: 'contoso' });
    await expect(host.connector.run({ kind: 'directory.sync', connectionId: id })).rejects.toMatchObject({
      code: 'refused',
    });
    await expect(host.connector.accessToken(id)).rejects.toMatchObject({ code: 'refused' });
    await expect(host.connector.accessToken('none')).rejects.toMatchObject({ code: 'not_found' });
    expect(await host.connector.workload()).toEqual([]);
  });

  it('stops what is running when it is disconnected', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.directory.user.add({ type: 'removed', id: 'u', reason: 'permanent' });
    let reached: () => void = () => {};
    const blocked = new Promise<void>((resolve) => {
      reached = resolve;
    });
    host.service.onDirectory = async (kind) => {
      if (kind !== 'user') return;
      reached();
      await host.clock.wait(1000);
    };
    const run = host.connector.run({ kind: 'directory.sync', connectionId: id });
    await blocked;
    await host.connector.connections.disconnect(id);
    await host.clock.advance(2000);
    expect(await run).toMatchObject({ status: 'yielded', reason: 'stopped' });
    expect(await host.connector.workload()).toEqual([]);
  });
});

it('a listener that throws breaks nothing', async () => {
  const host = createHost();
  host.connector.events.on('connection.activated', () => {
    throw new Error('broken listener');
  });
  const id = await connect(host.connector);
  expect(await host.connector.connections.get(id)).toMatchObject({ status: 'active' });
});
