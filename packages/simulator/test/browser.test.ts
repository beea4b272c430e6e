import { createBrowser, createSimulator } from '@mailsphere/simulator';
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
