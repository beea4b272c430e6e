import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { allMailArchived, createLooker, PHONE, useExample } from './browser/use-example.ts';
import { arrive, connect, consent, follow, press, recordTenant, signIn, textOf } from './browser/walk.ts';

// Microsoft's refusal is believed when it still stands after this time.
const PATIENCE = 3 * 60_000;
// biome-ignore format: a list
const PICTURED = [
  'organisations', 'edit', 'permissions', 'confirmation', 'overview', 'user-sync', 'mail', 'overview-reauthorise', 'link', 'invitation', 'disconnect',
];

const example = useExample();
const { newPage, open } = example;
const check = async (page: Page, said: RegExp) => {
  await open(page, '/organizations/contoso/permissions');
  await press(page, 'Check now');
  await page.getByRole('status').filter({ hasText: said }).waitFor();
};
const contoso = async () => {
  for await (const connection of example.world.host.connector.connections.list()) return connection;
  throw new Error('Nobody registered a tenant.');
};

// A test is a walk through many pages, and the machine may be busy with others.
describe('The example host', { timeout: 120_000 }, () => {
  it('connects a tenant, says when its consent is lost, and goes on after re-authorising, all without JavaScript', async () => {
    const page = await newPage({ javaScriptEnabled: false });
    await open(page, '/');
    await arrive(page, 'Sign in');
    await page.getByLabel('E-mail address').fill('hanna@harbour.example');
    await page.getByLabel('Password').fill('wrong');
    await press(page, 'Sign in');
    await page.getByRole('alert').filter({ hasText: 'password is wrong' }).waitFor();
    await signIn(page, example.world.host.url, 'hanna@harbour.example');
    await arrive(page, 'Organisations');
    expect(await textOf(page)).not.toContain('Northwind');

    await follow(page, 'Contoso');
    await arrive(page, 'Overview');
    expect(await textOf(page)).toContain('No tenant recorded');
    await follow(page, 'Record the tenant');
    const tenant = page.getByLabel('Office 365 Tenant ID');
    await tenant.fill('contoso dot com');
    await press(page, 'Save');
    await page.getByText('The tenant must be a domain such as contoso.com').waitFor();
    expect(await tenant.inputValue()).toBe('contoso dot com');
    expect(await tenant.getAttribute('aria-describedby')).toContain('tenant-problem');
    await recordTenant(page, 'contoso');

    await follow(page, 'Permissions');
    await arrive(page, 'Permissions');
    expect(await textOf(page)).toContain('Read mail in all mailboxes');
    await follow(page, 'Overview');
    await follow(page, 'Enable Office 365');
    await arrive(page, 'Sign in');
    expect(new URL(page.url()).origin).toBe(example.world.microsoft);
    await consent(page);
    expect(await textOf(page)).toContain((await contoso()).tenant.tenantId);
    await press(page, 'Connect');
    await page.getByRole('status').filter({ hasText: 'Office 365 is connected' }).waitFor();
    const overview = await textOf(page);
    for (const shown of ['Office 365: Connected', 'Contoso Ltd', 'by Hanna Berg', 'Re-authorise Office 365'])
      expect(overview).toContain(shown);

    const archived = await allMailArchived(page, example.world);
    expect(archived).toBeGreaterThan(0);
    await follow(page, 'User Sync');
    await arrive(page, 'User Sync');
    await press(page, 'Sync now');
    await page.getByRole('status').filter({ hasText: 'User Sync was asked for' }).waitFor();
    // What still ran with a token from before would speak against the refusal.
    expect(await allMailArchived(page, example.world)).toBe(archived);
    await open(page, '/organizations/contoso/user-sync');
    expect(await textOf(page)).toMatch(/[1-9]\d* e-mail addresses/);

    const { tenantId } = (await contoso()).tenant;
    await example.world.simulate('revokeGrant', tenantId);
    await check(page, /nothing is granted/);
    expect(await textOf(page)).toContain('Office 365: Connected');
    await example.world.advance(PATIENCE + 1);
    await check(page, /nothing is granted/);
    const lost = await textOf(page);
    for (const shown of ['Re-authorisation required', 'An administrator must authorise again', 'Code:'])
      expect(lost).toContain(shown);
    expect(lost).toContain((await contoso()).reauthorization?.message);

    await page.getByRole('region').getByRole('link', { name: 'Re-authorise Office 365' }).click();
    await consent(page);
    await press(page, 'Connect');
    await page.getByRole('status').filter({ hasText: 'Office 365 is connected' }).waitFor();
    expect(await textOf(page)).toContain('Office 365: Connected');
    expect(await allMailArchived(page, example.world)).toBe(archived);
  });

  it('lets an administrator of the tenant who is no user of the host connect it through a link', async () => {
    const page = await newPage();
    await signIn(page, example.world.host.url, 'omar@contoso.example');
    await arrive(page, 'Overview');
    await follow(page, 'Edit organisation');
    await recordTenant(page, 'contoso.com');
    await follow(page, 'Send a link to an administrator');
    await press(page, 'Create a link');
    const link = await page.getByLabel('Link').inputValue();

    const elsewhere = await newPage();
    await elsewhere.goto(link);
    await arrive(elsewhere, /Contoso/);
    await press(elsewhere, 'Continue to Microsoft');
    await consent(elsewhere);
    await press(elsewhere, 'Connect');
    await arrive(elsewhere, 'Connected');

    await open(page, '/organizations/contoso');
    const overview = await textOf(page);
    expect(overview).toContain('Office 365: Connected');
    expect(overview).toContain('by an administrator of the tenant, through a link that Omar Diaz sent');
    expect(overview).toContain((await contoso()).tenant.tenantId);
    expect((await elsewhere.goto(link))?.status()).toBe(400);
  });

  it('shows and connects nothing of an organization to people who do not manage it', async () => {
    const hanna = await newPage();
    await signIn(hanna, example.world.host.url, 'hanna@harbour.example');
    await open(hanna, '/organizations/contoso/edit');
    await recordTenant(hanna, 'contoso');
    const { id } = await contoso();

    const sofia = await newPage();
    expect(await open(sofia, `/connect/begin?connectionId=${id}`)).toBe(403);
    await signIn(sofia, example.world.host.url, 'sofia@summit.example');
    expect(await textOf(sofia)).not.toContain('Contoso');
    const sections = ['', '/edit', '/permissions', '/user-sync', '/mail', '/link', '/disconnect'];
    const pages = [...sections, '/user-sync/removals', '/mail/cancel'];
    for (const path of pages) expect(await open(sofia, `/organizations/contoso${path}`), path).toBe(404);
    expect(await open(sofia, `/connect/begin?connectionId=${id}`)).toBe(403);
    expect(new URL(sofia.url()).origin).toBe(example.world.host.url);

    const omar = await newPage();
    await signIn(omar, example.world.host.url, 'omar@contoso.example');
    expect(await open(omar, '/organizations')).toBe(404);
    expect(await open(omar, '/organizations/fabrikam')).toBe(404);
    expect(await open(omar, '/organizations/contoso')).toBe(200);
  });

  it('takes no form that another site sends in the name of somebody who is signed in', async () => {
    const page = await newPage();
    await signIn(page, example.world.host.url, 'hanna@harbour.example');
    await connect(page, example.world.host.url, 'contoso');
    for (const origin of ['https://evil.example', 'null', undefined]) {
      const response = await page.request.post(`${example.world.host.url}/organizations/contoso/disconnect`, {
        form: { progress: 'erase' },
        headers: origin === undefined ? {} : { origin },
      });
      expect(response.status()).toBe(403);
    }
    expect((await contoso()).status).toBe('active');
  });

  it('ends the connection only after it was confirmed, and lets the same tenant come back', async () => {
    const page = await newPage();
    await signIn(page, example.world.host.url, 'hanna@harbour.example');
    await connect(page, example.world.host.url, 'contoso');
    await follow(page, 'Disconnect');
    await arrive(page, 'Disconnect Contoso?');
    await page.getByRole('radio', { name: /Erase/ }).check();
    await press(page, 'Disconnect');
    await page.getByRole('status').filter({ hasText: 'The connection was ended' }).waitFor();
    expect(await textOf(page)).toContain('Office 365: Disconnected');
    await connect(page, example.world.host.url, 'contoso');
    expect(await textOf(page)).toContain('Office 365: Connected');
  });

  it('says what to do when an administrator is to approve, and notices the approval when asked', async () => {
    const page = await newPage();
    const tenantId = await registeredByMember(page);
    await open(page, '/organizations/contoso');
    expect(await textOf(page)).toContain('Waiting for approval');
    await press(page, 'Check now');
    await page.getByRole('status').filter({ hasText: 'nothing is granted yet' }).waitFor();
    await example.world.simulate('grantConsent', tenantId);
    await press(page, 'Check now');
    await page.getByRole('status').filter({ hasText: 'the approval is there' }).waitFor();
    expect((await contoso()).status).toBe('registered');
  });

  it('can be read and used on a phone, page by page', async () => {
    const page = await newPage({ viewport: PHONE });
    const { look, faults } = createLooker(page, PICTURED);
    const connectedPages = {
      overview: '',
      'user-sync': '/user-sync',
      mail: '/mail',
      disconnect: '/disconnect',
    };

    await open(page, '/sign-in');
    await look('sign-in');
    await signIn(page, example.world.host.url, 'hanna@harbour.example');
    await open(page, '/organizations/contoso');
    await look('overview-before');
    await open(page, '/organizations/contoso/permissions');
    await look('permissions-before');
    await open(page, '/organizations/contoso/edit');
    await page.getByLabel('Office 365 Tenant ID').fill('contoso dot com');
    await press(page, 'Save');
    await page.locator('#tenant-problem').waitFor();
    await look('edit-with-problem');
    await recordTenant(page, 'contoso');
    await look('edit');
    await follow(page, 'Enable Office 365');
    await consent(page);
    await look('confirmation');
    await press(page, 'Connect');
    await allMailArchived(page, example.world);
    for (const [name, path] of Object.entries(connectedPages)) {
      await open(page, `/organizations/contoso${path}`);
      await look(name);
    }
    await open(page, '/organizations/contoso/none');
    await look('not-found');
    await open(page, '/organizations/contoso/link');
    await press(page, 'Create a link');
    await look('link');
    await page.goto(await page.getByLabel('Link').inputValue());
    await look('invitation');
    await example.world.simulate('revokeGrant', (await contoso()).tenant.tenantId, 'Member.Read.Hidden');
    await check(page, /everything that is required is granted/);
    await look('overview-with-less');
    await open(page, '/organizations/contoso/permissions');
    await look('permissions');
    await example.world.simulate('revokeGrant', (await contoso()).tenant.tenantId);
    await check(page, /nothing is granted/);
    await look('overview-under-observation');
    await example.world.advance(PATIENCE + 1);
    await check(page, /nothing is granted/);
    await look('overview-reauthorise');
    await open(page, '/organizations');
    await look('organisations');
    expect(faults).toEqual([]);
  });
});

/** Somebody without the role signs in for Contoso, which is not enough. Returns the tenant's id. */
async function registeredByMember(page: Page): Promise<string> {
  await signIn(page, example.world.host.url, 'omar@contoso.example');
  await follow(page, 'Edit organisation');
  await recordTenant(page, 'contoso');
  await follow(page, 'Enable Office 365');
  await arrive(page, 'Sign in');
  await page.getByRole('button', { name: 'Member without a role' }).click();
  await page.getByRole('heading', { level: 1 }).filter({ hasNotText: 'Sign in' }).waitFor();
  return (await contoso()).tenant.tenantId;
}
