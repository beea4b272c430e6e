import { describe, expect, it, vi } from 'vitest';
import { attemptOf, BASE, connect, createBrowser, createHost } from './host.ts';

/** A host, its connection, and the link that anna sent. */
async function invited(returnTo?: string) {
  const afterConnect = vi.fn();
  const host = createHost({ hooks: { afterConnect } });
  const { id } = await host.connector.connections.register({
    organizationId: 'org-1',
    tenant: 'contoso',
    organizationName: 'Müller & Söhne',
  });
  const { link, expiresAt } = await host.connector.authorization.invite({
    connectionId: id,
    actor: 'anna',
    returnTo,
  });
  // Not a user of the host: no session, in a browser of their own.
  const visitor = createBrowser(host.connector, '');
  const secret = new URL(link).searchParams.get('link') ?? '';
  const accept = (browser = visitor) =>
    browser.send(`${BASE}/invitation`, { method: 'POST', body: new URLSearchParams({ link: secret }) });
  const stateOf = async (response: Response) =>
    /[?&;]state=([\w-]{43})/.exec((await response.text()).replaceAll('&amp;', '&'))?.[1] ?? '';
  return { host, id, link, secret, expiresAt, visitor, accept, stateOf, afterConnect };
}

describe('a link for an administrator who is no user of the host', () => {
  it('names the organization, leads through both legs and a confirmation, and tells the sender which tenant was bound', async () => {
    const { host, id, link, expiresAt, visitor, accept, stateOf, afterConnect } = await invited();
    expect(link.startsWith(`${BASE}/invitation?link=`)).toBe(true);
    expect(expiresAt).toBe(host.clock.now() + 3 * 24 * 3600_000);
    const landing = await visitor.send(link);
    const text = await landing.text();
    expect(text).toContain('Müller &amp; Söhne asks you');
    expect(text).toContain('contoso');
    expect(text).toContain('To archive it.');
    expect(landing.headers.get('set-cookie')).toBeNull();

    const leaving = await accept();
    expect(leaving.status).toBe(200);
    expect(leaving.headers.get('set-cookie')).toMatch(/HttpOnly/);
    const location = await visitor.consented(await visitor.signedIn(await stateOf(leaving)));
    expect(await (await visitor.send(location)).text()).toContain('to Müller &amp; Söhne?');
    const done = await visitor.confirm(attemptOf(location));
    expect(done.status).toBe(200);
    expect(await done.text()).toContain('Contoso &lt;Ltd&gt;');

    const connection = await host.connector.connections.get(id);
    expect(connection).toMatchObject({
      status: 'active',
      tenantName: 'Contoso <Ltd>',
      authorized: { actor: 'anna', byLink: true },
    });
    expect(afterConnect).toHaveBeenCalledWith(connection, { actor: 'anna', byLink: true });
  });

  it('ends where the sender said, and works once', async () => {
    const { visitor, link, accept, stateOf } = await invited('/thanks');
    const location = await visitor.consented(await visitor.signedIn(await stateOf(await accept())));
    await visitor.send(location);
    const done = await visitor.confirm(attemptOf(location));
    expect(done.headers.get('location')).toBe('https://app.example/thanks');
    expect((await visitor.send(link)).status).toBe(400);
    expect((await accept()).status).toBe(400);
  });

  it('survives scanners and previews: only the button goes on, and only in the browser that pressed it', async () => {
    const { host, visitor, link, accept, stateOf } = await invited();
    for (let scan = 0; scan < 3; scan++)
      expect((await createBrowser(host.connector, '').send(link)).status).toBe(200);
    const state = await stateOf(await accept());
    const other = createBrowser(host.connector, '');
    await accept(other);
    expect((await other.send(`${BASE}/callback?state=${state}&code=good`)).status).toBe(400);
    expect((await visitor.send(`${BASE}/callback?state=${state}&code=good`)).status).toBe(302);
  });

  it('of two browsers that come to the end, one connects', async () => {
    const { host, visitor, accept, stateOf } = await invited();
    const other = createBrowser(host.connector, '');
    const ends: (readonly [typeof visitor, string])[] = [];
    for (const browser of [visitor, other]) {
      const location = await browser.consented(await browser.signedIn(await stateOf(await accept(browser))));
      await browser.send(location);
      ends.push([browser, location]);
    }
    const statuses = await Promise.all(
      ends.map(async ([browser, location]) => (await browser.confirm(attemptOf(location))).status),
    );
    expect(statuses.sort()).toEqual([200, 400]);
  });

  it('stays good when what it was used for did not come about', async () => {
    const { host, id, visitor, accept, stateOf } = await invited();
    const other = await connect(host.connector, 'org-2');
    const come = async () => {
      const location = await visitor.consented(await visitor.signedIn(await stateOf(await accept())));
      await visitor.send(location);
      return (await visitor.confirm(attemptOf(location))).status;
    };
    expect(await come()).toBe(409);
    await host.connector.connections.disconnect(other);
    expect(await come()).toBe(200);
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'active' });
  });

  it('ends with the registration, at a disconnect, and after three days', async () => {
    const ended = await invited();
    await ended.host.connector.connections.disconnect(ended.id);
    expect((await ended.visitor.send(ended.link)).status).toBe(400);
    await ended.host.connector.connections.register({ organizationId: 'org-1', tenant: 'contoso' });
    expect((await ended.visitor.send(ended.link)).status).toBe(400);

    const expired = await invited();
    const state = await expired.stateOf(await expired.accept());
    await expired.host.clock.advance(3 * 24 * 3600_000);
    expect((await expired.visitor.send(expired.link)).status).toBe(400);
    expect((await expired.visitor.send(`${BASE}/callback?state=${state}&code=good`)).status).toBe(400);
  });

  it('is stored as a hash only', async () => {
    const { host, secret } = await invited();
    expect(JSON.stringify(await host.storage.list('invitations'))).not.toContain(secret);
  });

  it.each([
    ['connectionId', { connectionId: 5, actor: 'anna' }],
    ['actor', { connectionId: 'x', actor: '' }],
    ['returnTo', { actor: 'anna', returnTo: 'https://evil.example' }],
  ])('names %s when it is of no use', async (field, request) => {
    const { host, id } = await invited();
    const invite = host.connector.authorization.invite({ connectionId: id, ...request } as never);
    await expect(invite).rejects.toMatchObject({ code: 'invalid_request', field });
  });
});
