import { describe, expect, it, vi } from 'vitest';
import { ConnectorError } from '../src/index.ts';
import { attemptOf, BASE, connect, createBrowser, createHost } from './host.ts';
import { hiddenPermission, mailPermission } from './scripted-provider.ts';

const MINUTE = 60_000;
const refusal = (serviceCode: string, message = 'Enable the application, then authorise it again.') =>
  new ConnectorError('reauthorization_required', message, { serviceCode });
const verify = (host: ReturnType<typeof createHost>, connectionId: string) =>
  host.connector.run({ kind: 'connection.verify', connectionId });

describe('when the tenant withdraws its consent', () => {
  it('the host is told once, with what the administrator must do, and only after a second answer', async () => {
    const host = createHost();
    const told = vi.fn();
    host.connector.events.on('connection.reauthorization_required', told);
    const id = await connect(host.connector);
    host.service.refusal = refusal('AADSTS7000112');
    await verify(host, id);
    await host.clock.advance(2 * MINUTE);
    await verify(host, id);
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'active' });
    expect(told).not.toHaveBeenCalled();

    await host.clock.advance(2 * MINUTE);
    await verify(host, id);
    const connection = await host.connector.connections.get(id);
    expect(connection).toMatchObject({
      status: 'reauthorization_required',
      reauthorization: {
        code: 'AADSTS7000112',
        message: 'Enable the application, then authorise it again.',
      },
    });
    await verify(host, id);
    expect(told).toHaveBeenCalledOnce();
    expect(told.mock.calls[0]?.[0]).toMatchObject({
      code: 'AADSTS7000112',
      message: 'Enable the application, then authorise it again.',
    });
  });

  it('a tenant that is no longer found counts as gone, after a second answer', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.refusal = new ConnectorError('tenant_not_found', 'It was deleted.', {
      serviceCode: 'AADSTS90002',
    });
    await verify(host, id);
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'active' });
    await host.clock.advance(3 * MINUTE);
    await verify(host, id);
    expect(await host.connector.connections.get(id)).toMatchObject({
      status: 'reauthorization_required',
      reauthorization: { code: 'AADSTS90002', message: 'It was deleted.' },
    });
  });

  it('one transient refusal changes nothing, however often it happens with good answers between', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    for (let round = 0; round < 4; round++) {
      host.service.refusal = refusal('AADSTS700016');
      await verify(host, id);
      host.service.refusal = undefined;
      await host.clock.advance(4 * MINUTE);
      await verify(host, id);
      await host.clock.advance(4 * MINUTE);
    }
    const connection = await host.connector.connections.get(id);
    expect(connection?.status).toBe('active');
    expect(connection?.refusedSince).toBeUndefined();
  });

  it.each(['unavailable', 'throttled', 'credential_invalid', 'unexpected'] as const)(
    'an answer of the kind %s is no loss of consent',
    async (code) => {
      const host = createHost();
      const id = await connect(host.connector);
      const before = await host.connector.connections.get(id);
      host.service.refusal = new ConnectorError(code, 'not now');
      for (let minute = 0; minute < 3; minute++) {
        await verify(host, id).catch(() => undefined);
        await host.clock.advance(5 * MINUTE);
      }
      expect(await host.connector.connections.get(id)).toEqual(before);
    },
  );

  it('work that still goes well on an older token does not hide what the service says now', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.refusal = refusal('AADSTS7000112');
    await verify(host, id);
    await host.connector.directory.sync(id);
    await host.clock.advance(3 * MINUTE);
    await host.connector.directory.sync(id);
    await verify(host, id);
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'reauthorization_required' });
  });

  it('a required permission that is gone is a loss, and work that goes well does not hide it', async () => {
    const host = createHost({ permissions: [mailPermission, { ...hiddenPermission, required: true }] });
    host.service.granted = ['Mail.Read', 'Hidden.Read'];
    const id = await connect(host.connector);
    host.service.granted = ['Mail.Read'];
    await verify(host, id);
    await host.connector.directory.sync(id);
    await host.clock.advance(3 * MINUTE);
    await verify(host, id);
    expect(await host.connector.connections.get(id)).toMatchObject({
      status: 'reauthorization_required',
      reauthorization: { code: 'permission_missing', message: expect.stringContaining('Hidden.Read') },
    });
  });

  it('work rests, the plan asks again every hour, and consent given in the portal resumes it', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    await host.connector.directory.sync(id);
    const checkpoints = await host.storage.list('checkpoints');
    host.service.refusal = refusal('AADSTS65001');
    await verify(host, id);
    const [soon] = await host.connector.workload();
    expect(soon?.verifyAt).toBe(host.clock.now() + 3 * MINUTE);
    await host.clock.advance(3 * MINUTE);
    await verify(host, id);
    const [work] = await host.connector.workload();
    expect(work).toMatchObject({ directory: undefined, mail: undefined });
    expect(work?.verifyAt).toBe(host.clock.now() + 60 * MINUTE);
    await expect(host.connector.directory.sync(id)).rejects.toMatchObject({ code: 'refused' });

    host.service.refusal = undefined;
    const activated = vi.fn();
    host.connector.events.on('connection.activated', activated);
    await verify(host, id);
    expect(activated).toHaveBeenCalledOnce();
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'active' });
    expect((await host.connector.connections.get(id))?.reauthorization).toBeUndefined();
    expect(await host.storage.list('checkpoints')).toEqual(checkpoints);
    await host.connector.directory.sync(id);
  });

  it('re-authorising pins the same tenant, keeps checkpoints and resumes', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    await host.connector.directory.sync(id);
    const checkpoints = await host.storage.list('checkpoints');
    host.service.refusal = refusal('AADSTS7000229');
    await verify(host, id);
    await host.clock.advance(3 * MINUTE);
    await verify(host, id);
    host.service.refusal = undefined;
    const browser = createBrowser(host.connector);
    const begun = await browser.send(`${BASE}/begin?connectionId=${id}`);
    const { tenant } = (await host.connector.connections.get(id)) ?? {};
    expect(new URL(begun.headers.get('location') ?? '').pathname).toBe(`/${tenant?.tenantId}/signin`);
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const location = await browser.consented(await browser.signedIn(state));
    await browser.send(location);
    await browser.confirm(attemptOf(location));
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'active' });
    expect(await host.storage.list('checkpoints')).toEqual(checkpoints);
  });
});

describe('permissions', () => {
  const both = [mailPermission, hiddenPermission];

  it('are all missing before anybody authorised, and then what the service said', async () => {
    const host = createHost({ permissions: both });
    const { id } = await host.connector.connections.register({ organizationId: 'org-1', tenant: 'contoso' });
    const before = await host.connector.connections.permissions(id);
    expect(before).toEqual({
      granted: [],
      missing: both,
      unexpected: [],
      partial: [],
      checkedAt: undefined,
    });
    host.service.granted = ['Mail.Read', 'Calendars.Read'];
    host.service.partial = ['Mail.Read'];
    await connect(host.connector);
    const asked = host.service.verifications;
    expect(await host.connector.connections.permissions(id)).toEqual({
      granted: [mailPermission],
      missing: [hiddenPermission],
      unexpected: ['Calendars.Read'],
      partial: ['Mail.Read'],
      checkedAt: new Date(host.clock.now()).toISOString(),
    });
    expect(host.service.verifications).toBe(asked);
    await expect(host.connector.connections.permissions('none')).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('an optional one that is missing switches its capability off, with the reason, and nothing else', async () => {
    const host = createHost({ permissions: both });
    const changed = vi.fn();
    host.connector.events.on('connection.permissions_changed', changed);
    const id = await connect(host.connector);
    const connection = await host.connector.connections.get(id);
    expect(connection?.status).toBe('active');
    expect(connection?.disabled).toEqual([
      {
        capability: 'hidden_members',
        missing: ['Hidden.Read'],
        reason: expect.stringContaining('has not granted Hidden.Read'),
      },
    ]);
    await host.connector.directory.sync(id);
    // What was still spreading is looked for soon, not only the next day.
    const [work] = await host.connector.workload();
    expect(work?.verifyAt).toBe(host.clock.now() + 2 * MINUTE);
    host.service.granted = ['Mail.Read', 'Hidden.Read'];
    await host.clock.advance(2 * MINUTE);
    await verify(host, id);
    expect((await host.connector.connections.get(id))?.disabled).toEqual([]);
    expect(changed).toHaveBeenCalledOnce();
    await verify(host, id);
    expect(changed).toHaveBeenCalledOnce();
  });

  it('mail that the host can do without is off while it is not granted, and says why', async () => {
    const host = createHost({
      permissions: [
        { ...hiddenPermission, required: true, capability: 'directory' },
        { ...mailPermission, required: false },
      ],
    });
    host.service.granted = ['Hidden.Read'];
    const id = await connect(host.connector);
    const [work] = await host.connector.workload();
    expect(work?.directory).toBeDefined();
    expect(work?.mail).toBeUndefined();
    const run = host.connector.run({ kind: 'mail.plan', connectionId: id });
    await expect(run).rejects.toMatchObject({ code: 'permission_missing' });
    expect(await host.connector.mail.status(id)).toMatchObject({
      state: 'disabled',
      reason: expect.stringContaining('has not granted Mail.Read'),
    });
    host.service.granted = ['Hidden.Read', 'Mail.Read'];
    await host.connector.authorization.check(id);
    await host.connector.run({ kind: 'mail.plan', connectionId: id });
    expect((await host.connector.mail.status(id)).state).toBe('scheduled');
  });

  it('one that work finds missing is looked into at once', async () => {
    const host = createHost({ permissions: [mailPermission, hiddenPermission] });
    host.service.granted = ['Mail.Read', 'Hidden.Read'];
    const id = await connect(host.connector);
    host.service.granted = ['Mail.Read'];
    host.service.onDirectory = () => {
      throw new ConnectorError('permission_missing', 'no', { serviceCode: 'Authorization_RequestDenied' });
    };
    await expect(host.connector.directory.sync(id)).rejects.toMatchObject({ code: 'permission_missing' });
    expect((await host.connector.connections.get(id))?.disabled).toMatchObject([
      { capability: 'hidden_members' },
    ]);
  });
});

describe('authorization.check', () => {
  it('tells nobody whether a tenant consented who has not shown to belong to it', async () => {
    const host = createHost();
    const { id } = await host.connector.connections.register({ organizationId: 'org-1', tenant: 'contoso' });
    await expect(host.connector.authorization.check(id)).rejects.toMatchObject({ code: 'refused' });
    expect(host.service.verifications).toBe(0);
  });

  it('finds consent that was given elsewhere, and binds nothing by itself', async () => {
    const host = createHost();
    const { id } = await host.connector.connections.register({ organizationId: 'org-1', tenant: 'contoso' });
    const browser = createBrowser(host.connector);
    await browser.signedIn(await browser.begin(id));
    host.service.pending = true;
    expect(await host.connector.authorization.check(id)).toMatchObject({ consent: 'pending' });
    host.service.pending = false;
    host.service.granted = ['Else.Read'];
    expect(await host.connector.authorization.check(id)).toMatchObject({ consent: 'incomplete' });
    host.service.granted = ['Mail.Read'];
    const { connection, consent } = await host.connector.authorization.check(id);
    expect(consent).toBe('granted');
    expect(connection.status).toBe('registered');
    expect(await host.storage.list('bindings')).toEqual([]);
  });

  it('is refused for a connection that was ended', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    await host.connector.connections.disconnect(id);
    await expect(host.connector.authorization.check(id)).rejects.toMatchObject({ code: 'refused' });
    expect(host.service.forgotten).toHaveLength(1);
  });
});
