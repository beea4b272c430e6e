import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { createExampleWorld, type ExampleWorld, type ExampleWorldOptions } from './example-world.ts';
import { launchBrowser } from './launch-browser.ts';
import { pageFaults } from './page-faults.ts';
import { screenshot } from './screenshot.ts';
import { watchPages } from './watch-pages.ts';

/** How long a page may take to show what is waited for. */
export const STEP = 20_000;
export const PHONE = { width: 360, height: 740 };

/** One browser for all tests of a file, a world of its own for each, and an eye on what no page may do. */
export function useExample(options?: ExampleWorldOptions) {
  let browser: Browser;
  let world: ExampleWorld;
  let problems: (readonly string[])[] = [];
  beforeAll(async () => {
    browser = await launchBrowser();
  }, 60_000);
  beforeEach(async () => {
    world = await createExampleWorld(options);
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await world.close();
    const found = problems.flat();
    problems = [];
    expect(found).toEqual([]);
  });
  afterAll(() => browser?.close());

  return {
    get world() {
      return world;
    },
    /** A browser of somebody's own. */
    async newPage(traits: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
      const context = await browser.newContext(traits);
      context.setDefaultTimeout(STEP);
      problems.push(watchPages(context));
      return context.newPage();
    },
    open: async (page: Page, path: string) => (await page.goto(world.host.url + path))?.status(),
  };
}

/**
 * Notes what is wrong with the pages that are looked at.
 *
 * @param pictured Names of the pages whose pictures are in the docs.
 */
export function createLooker(page: Page, pictured: readonly string[]) {
  const faults: string[] = [];
  const look = async (name: string) => {
    for (const fault of await pageFaults(page)) faults.push(`${name}: ${fault}`);
    if (pictured.includes(name)) await screenshot(page, name);
  };
  return { look, faults };
}

/** Waits until all work is done, and returns how many messages the mail page says were archived. */
export async function allMailArchived(page: Page, { host, isIdle }: ExampleWorld): Promise<number> {
  await expect.poll(isIdle, { timeout: 3 * STEP, interval: 100 }).toBe(true);
  await page.goto(`${host.url}/organizations/contoso/mail`);
  const text = (await page.getByRole('main').allTextContents()).join(' ');
  expect(text).toContain('100 %');
  return Number(/Archived: ([\d,]+)/.exec(text)?.[1]?.replaceAll(',', ''));
}
