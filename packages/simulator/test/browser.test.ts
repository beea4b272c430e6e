import { authorizeAsAdministrator, createBrowser, createSimulator } from '@mailsphere/simulator';
import { expect, it } from 'vitest';
import { tenantOf } from './support.ts';

it('a browser without scripts walks through sign-in and consent by the words on the buttons', async () => {
  const simulator = createSimulator();
  const tenant = tenantOf(simulator);
  const stopAt = (url: URL) => url.hostname === 'localhost';
  const browser = createBrowser({ fetch: simulator.fetch, stopAt });
  const query = new URLSearchParams({
    client_id: simulator.app.clientId,
    redirect_uri: 'http://localhost/callback',
    scope: 'https://graph.microsoft.com/.default',
    state: 'a "state" & more',
  });
  const signIn = await browser.open(`${simulator.login.origin}/${tenant.id}/v2.0/adminconsent?${query}`);
  const consent = await browser.submit(signIn, 'Next', { username: tenant.administrator.username });
  expect(consent.title).toBe('Permissions requested');
  const back = await browser.submit(consent, 'Accept');
  expect(back.url.searchParams.get('tenant')).toBe(tenant.id);
  expect(back.url.searchParams.get('state')).toBe('a "state" & more');
  expect(tenant.grants).toContain('Mail.Read');
});

it('an administrator comes from the page of an invitation to Microsoft, and to the last page of the host', async () => {
  const simulator = createSimulator();
  const tenant = tenantOf(simulator);
  const signIn = new URL(`${simulator.login.origin}/${tenant.id}/oauth2/v2.0/authorize`);
  signIn.search = new URLSearchParams({
    client_id: simulator.app.clientId,
    response_type: 'code',
    redirect_uri: 'http://localhost/callback',
    scope: 'openid',
    prompt: 'select_account',
  }).toString();
  const refresh = (content: string) => `<meta http-equiv="refresh" content="${content}">`;
  const button = (action: string, words: string) =>
    `<form method="post" action="${action}"><button>${words}</button></form>`;
  const host: Record<string, string> = {
    'GET /invitation': button('/leave', 'Continue to Microsoft'),
    'POST /leave': refresh(`0;url=${signIn.href.replaceAll('&', '&amp;')}`),
    'GET /callback': refresh('0; url=/confirm?a=1&amp;b=2'),
    'GET /confirm': button('/done', 'Connect'),
    'POST /done': '<title>Connected</title>',
  };
  const seen: string[] = [];
  const last = await authorizeAsAdministrator('http://localhost/invitation', {
    username: tenant.administrator.username,
    fetch: async (request) => {
      const { hostname, pathname, search } = new URL(request.url);
      if (hostname !== 'localhost') return simulator.fetch(request);
      seen.push(pathname === '/confirm' ? pathname + search : pathname);
      return new Response(host[`${request.method} ${pathname}`]);
    },
  });
  expect(seen).toEqual(['/invitation', '/leave', '/callback', '/confirm?a=1&b=2', '/done']);
  expect(last.title).toBe('Connected');
});
