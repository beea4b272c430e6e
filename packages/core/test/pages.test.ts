import { describe, expect, it } from 'vitest';
import type { ConnectorOptions, Pages } from '../src/index.ts';
import { createConnector } from '../src/index.ts';
import { attemptOf, BASE, createBrowser, createHost } from './host.ts';
import { hiddenPermission, mailPermission } from './scripted-provider.ts';

const start = async (host: ReturnType<typeof createHost>) => {
  const { id } = await host.connector.connections.register({ organizationId: 'org-1', tenant: 'contoso' });
  const browser = createBrowser(host.connector);
  const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
  return { id, browser, location };
};

describe("the connector's pages", () => {
  it('run no script, load nothing, cannot be framed, and keep their address to themselves', async () => {
    const host = createHost();
    const { browser, location } = await start(host);
    const page = await browser.send(location);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe-inline');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('cache-control')).toBe('no-store');
    const html = await page.text();
    expect(html).not.toMatch(/<script|javascript:|onclick|src=/);
    expect(html).toMatch(/<html lang="en">[\s\S]*<main><h1>/);
    for (const path of ['/nowhere', '/callback?state=x&code=y', '/begin?connectionId=none']) {
      const refused = await browser.send(`${BASE}${path}`);
      expect(refused.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(refused.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('show what was granted, what was not, and what nobody asked for', async () => {
    const host = createHost({ permissions: [mailPermission, hiddenPermission] });
    host.service.granted = ['Mail.Read', '<b>Else</b>'];
    const { browser, location } = await start(host);
    const html = await (await browser.send(location)).text();
    expect(html).toMatch(
      /Permissions[\s\S]*Read mail[\s\S]*Not granted[\s\S]*Read hidden members \(optional\)/,
    );
    expect(html).toContain('&lt;b&gt;Else&lt;/b&gt;');
  });
});

describe("a host's own pages", () => {
  it('take the place of each, with all that is needed to go on', async () => {
    const pages: Pages = {
      invitation: ({ connection, form }) =>
        new Response(`invitation ${connection.organizationId} ${form.fields.link}`),
      leaving: ({ location }) => Response.redirect(location, 302),
      waiting: ({ connection }) => new Response(`waiting ${connection.id}`),
      confirmation: ({ grant, form }) =>
        new Response(`confirmation ${grant.displayName} ${form.action} ${form.fields.attempt}`, {
          headers: { 'content-security-policy': "default-src 'self'" },
        }),
      connected: async ({ connection }) => new Response(`connected ${connection.tenantName}`),
      error: ({ error, status }) => new Response(`error ${error.code}`, { status }),
    };
    const host = createHost({ pages });
    const { id, browser, location } = await start(host);
    host.service.pending = true;
    expect(await (await browser.send(location)).text()).toBe(`waiting ${id}`);
    host.service.pending = false;
    const page = await browser.send(location);
    expect(await page.text()).toBe(`confirmation Contoso <Ltd> /connect/confirm ${attemptOf(location)}`);
    expect(page.headers.get('content-security-policy')).toBe("default-src 'self'");
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    const missing = await browser.send(`${BASE}/nowhere`);
    expect([missing.status, await missing.text()]).toEqual([404, 'error not_found']);

    const { link } = await host.connector.authorization.invite({ connectionId: id, actor: 'anna' });
    const visitor = createBrowser(host.connector, '');
    const secret = new URL(link).searchParams.get('link') ?? '';
    expect(await (await visitor.send(link)).text()).toBe(`invitation org-1 ${secret}`);
    const body = new URLSearchParams({ link: secret });
    const leaving = await visitor.send(`${BASE}/invitation`, { method: 'POST', body });
    expect(leaving.status).toBe(302);
    expect(visitor.cookie).toBeDefined();
    const state = new URL(leaving.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const last = await visitor.consented(await visitor.signedIn(state));
    await visitor.send(last);
    expect(await (await visitor.confirm(attemptOf(last))).text()).toBe('connected Contoso <Ltd>');
  });

  it.each<[string, () => Response]>([
    [
      'throw',
      () => {
        throw new Error('a template is missing');
      },
    ],
    ['give nothing', () => undefined as unknown as Response],
    ['give a network error', () => Response.error()],
    [
      'give a body that was read',
      () => {
        const response = new Response('x');
        void response.text();
        return response;
      },
    ],
  ])('are replaced by the plain ones when they %s, and the log says which', async (_name, broken) => {
    const lines: object[] = [];
    const log = (fields: object) => void lines.push(fields);
    const host = createHost({
      pages: { error: broken, connected: broken, confirmation: broken, invitation: broken },
      logger: { debug: log, info: log, warn: log, error: log },
    });
    const missing = await createBrowser(host.connector).send(`${BASE}/nowhere`);
    expect([missing.status, (await missing.text()).includes('There is no such page')]).toEqual([404, true]);
    expect(lines).toContainEqual(expect.objectContaining({ page: 'error' }));
    const { browser, location } = await start(host);
    expect(await (await browser.send(location)).text()).toContain('Connect Contoso');
    expect((await browser.confirm(attemptOf(location))).status).toBe(303);
  });

  it.each([
    ['pages.waiting', { pages: { waiting: 'text' } }],
    ['pages.wating', { pages: { wating: () => new Response() } }],
    ['encryption', { encryption: {} }],
    ['hooks.beforeTokenRefresh', { hooks: { authorize: () => 'anna', beforeTokenRefresh: 5 } }],
  ])('names %s when it is of no use', (field, wrong) => {
    const host = createHost();
    const options = {
      providers: [host.provider],
      storage: host.storage,
      directory: host.directory,
      archive: host.archive,
      baseUrl: BASE,
      hooks: { authorize: () => 'anna' },
      ...wrong,
    } as unknown as ConnectorOptions;
    expect(() => createConnector(options)).toThrow(
      expect.objectContaining({ code: 'invalid_options', field }),
    );
  });
});
