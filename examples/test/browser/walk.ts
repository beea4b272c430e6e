import type { Page } from 'playwright-core';
import { PASSWORD } from './example-world.ts';

/** Resolves when the page has this heading. */
export const arrive = (page: Page, heading: string | RegExp): Promise<void> =>
  page.getByRole('heading', { level: 1, name: heading }).waitFor();

export const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click();

export const follow = (page: Page, name: string): Promise<void> =>
  page.getByRole('link', { name, exact: true }).click();

/** The text of the page's main part, in one line. */
export const textOf = async (page: Page): Promise<string> =>
  (await page.getByRole('main').allInnerTexts()).join(' ').replace(/\s+/g, ' ');

export async function signIn(page: Page, url: string, email: string): Promise<void> {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await press(page, 'Sign in');
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

export async function recordTenant(page: Page, tenant: string): Promise<void> {
  await page.getByLabel('Office 365 Tenant ID').fill(tenant);
  await press(page, 'Save');
  await page.getByText('Saved.').waitFor();
}

/** Signs in, unless that was done before, and accepts at Microsoft's pages, up to the page of ours that asks once more. */
export async function consent(page: Page, username = 'admin@contoso.onmicrosoft.com'): Promise<void> {
  await arrive(page, /^(Sign in|Permissions requested)$/);
  if ((await page.title()) === 'Sign in') await page.getByRole('button', { name: username }).click();
  await arrive(page, 'Permissions requested');
  await press(page, 'Accept');
  await arrive(page, /^Connect /);
}

/** Connects an organization, as somebody who is signed in and may. */
export async function connect(page: Page, url: string, organization: string): Promise<void> {
  await page.goto(`${url}/organizations/${organization}/edit`);
  await recordTenant(page, organization);
  await follow(page, 'Enable Office 365');
  await consent(page, `admin@${organization}.onmicrosoft.com`);
  await press(page, 'Connect');
  await arrive(page, 'Overview');
}
