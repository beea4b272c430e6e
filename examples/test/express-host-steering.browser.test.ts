import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { loseUsers, refuseOneMessage } from './browser/troubles.ts';
import { allMailArchived, createLooker, PHONE, STEP, useExample } from './browser/use-example.ts';
import { arrive, connect, follow, press, signIn, textOf } from './browser/walk.ts';

const PICTURED = ['mail-paused', 'user-sync-held', 'removals'];
const statusOf = (page: Page) => (said: string) =>
  page.getByRole('status').filter({ hasText: said }).waitFor();

// A test is a walk through many pages, and the machine may be busy with others.
describe('Mail Synchronisation of the example host', { timeout: 120_000 }, () => {
  const example = useExample();

  it('lets people stop the mail, and bring failures after all, on a phone without JavaScript', async () => {
    refuseOneMessage(example.world.simulator);
    const page = await example.newPage({ javaScriptEnabled: false, viewport: PHONE });
    const { look, faults } = createLooker(page, PICTURED);
    const status = statusOf(page);
    await signIn(page, example.world.host.url, 'hanna@harbour.example');
    await connect(page, example.world.host.url, 'contoso');

    const archived = await allMailArchived(page, example.world);
    expect(await textOf(page)).toContain('State: Up to date, with failures');
    await look('mail-with-failures');
    await page.getByLabel('Reason for a pause (optional)').fill('The archive moves to another house');
    await press(page, 'Pause');
    await status('Mail synchronisation was paused');
    const paused = await textOf(page);
    for (const shown of [
      'State: Paused',
      'Reason: The archive moves to another house',
      'Messages left about',
    ])
      expect(paused).toContain(shown);
    await press(page, 'Try the failures again');
    await status('To be tried again as soon as it is their turn: 1.');
    await look('mail-paused');
    await follow(page, 'Overview');
    expect(await textOf(page)).toContain('Paused');
    await look('overview-paused');

    await page.getByRole('navigation').getByRole('link', { name: 'Mail Synchronisation' }).click();
    await press(page, 'Resume');
    await status('Mail synchronisation goes on');
    expect(await allMailArchived(page, example.world)).toBe(archived + 1);
    expect(await textOf(page)).toContain('State: Up to date Everything');
    await follow(page, 'Cancel mail synchronisation');
    await arrive(page, 'Cancel mail synchronisation?');
    await look('cancel');
    await press(page, 'Cancel mail synchronisation');
    await status('Mail synchronisation was cancelled');
    await look('mail-cancelled');
    const [message] = example.world.simulator.manifest('contoso');
    if (message) example.world.simulator.removeMessage('contoso', message.mailboxId, message.messageId);
    await press(page, 'Resume');
    expect(await allMailArchived(page, example.world)).toBe(archived + 1);
    expect(await textOf(page)).toContain('Removed at the source: 1');
    await look('mail-with-removed');
    expect(faults).toEqual([]);
  });
});

describe('User Sync of the example host', { timeout: 120_000 }, () => {
  const example = useExample({ users: 40 });
  /** Opens the page again until nothing runs, as it says to do. */
  const userSyncEnded = async (page: Page) => {
    const look = async () => {
      await example.open(page, '/organizations/contoso/user-sync');
      return textOf(page);
    };
    await expect.poll(look, { timeout: 3 * STEP, interval: 100 }).toContain('Sync now');
  };

  it('holds a mass removal until somebody has looked at it, on a phone without JavaScript', async () => {
    const page = await example.newPage({ javaScriptEnabled: false, viewport: PHONE });
    const { look, faults } = createLooker(page, PICTURED);
    const status = statusOf(page);
    await signIn(page, example.world.host.url, 'hanna@harbour.example');
    await connect(page, example.world.host.url, 'contoso');
    await allMailArchived(page, example.world);

    const lost = loseUsers(example.world.simulator);
    await follow(page, 'User Sync');
    await press(page, 'Sync now');
    await status('User Sync was asked for');
    await userSyncEnded(page);
    const held = page.getByRole('region', { name: 'Removals are held' });
    expect(await held.textContent()).toContain(`${lost} of 40 users`);
    expect(await textOf(page)).toContain('40 users');
    await look('user-sync-held');
    await follow(page, 'Overview');
    await look('overview-held');
    await example.open(page, '/organizations/contoso/user-sync');
    await follow(page, 'Look at the removals');
    await arrive(page, 'Removals that are held');
    await look('removals');
    await press(page, 'Remove them');
    await status('The removals were let through');
    await userSyncEnded(page);
    expect(await held.count()).toBe(0);
    expect(await textOf(page)).toContain(`${40 - lost} users`);
    await press(page, 'Read everything anew');
    await status('User Sync reads everything anew');
    await userSyncEnded(page);
    expect(await textOf(page)).toContain('Completed; read in full: domains, users, contacts, groups');
    await look('user-sync-runs');
    expect(faults).toEqual([]);
  });
});
