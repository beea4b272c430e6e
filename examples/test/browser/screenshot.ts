import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';

const sizes = { desktop: { width: 1024, height: 720 }, phone: { width: 360, height: 740 } } as const;

/** Takes a picture of the page as a desktop and as a phone show it, when `SCREENSHOTS` asks for the pictures of the docs. */
export async function screenshot(page: Page, name: string): Promise<void> {
  if (!process.env.SCREENSHOTS) return;
  const before = page.viewportSize();
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    const path = fileURLToPath(new URL(`../../../docs/screenshots/${name}-${size}.png`, import.meta.url));
    await page.screenshot({ path, fullPage: size === 'phone' });
  }
  if (before) await page.setViewportSize(before);
}
