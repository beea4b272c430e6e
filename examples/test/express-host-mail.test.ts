import type { MailStatus } from '@mailsphere/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mailPage } from '../express-host/pages/mail-page.ts';
import { createExampleWorld, type ExampleWorld } from './browser/example-world.ts';
import { createHostClient, HANNA, type HostClient, MAIL } from './browser/host-client.ts';
import { refuseOneMessage } from './browser/troubles.ts';

const DAY = 24 * 3600_000;

let world: ExampleWorld;
let client: HostClient;
afterEach(() => world.close());

// Everything goes through real servers, and the machine may be busy with others.
describe('Steering the mail of the example host', { timeout: 60_000 }, () => {
  let id: string;
  let hanna: string;
  const status = () => world.host.connector.mail.status(id);
  const ADMIN = 'admin@contoso.onmicrosoft.com';
  const addMessages = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const message = { raw: `Subject: ${index}\r\n\r\n` };
      return world.simulator.addMessage('contoso', ADMIN, 'inbox', message).messageId;
    });
  const removeMessage = (messageId: string) => world.simulator.removeMessage('contoso', ADMIN, messageId);
  beforeEach(async () => {
    world = await createExampleWorld();
    client = createHostClient(world);
    refuseOneMessage(world.simulator);
    id = await client.connect();
    hanna = await client.signIn(HANNA);
  }, 60_000);

  it('pauses with a reason that is shown as it was typed, and goes on', async () => {
    expect(await client.pageOf(MAIL, hanna)).toContain('Up to date, with failures</strong>');
    const paused = await client.post(`${MAIL}/pause`, hanna, { reason: ' <b>audit</b> & "review" ' });
    expect([paused.status, paused.headers.get('location')]).toEqual([303, `${MAIL}?said=paused`]);
    expect(await status()).toMatchObject({ state: 'paused', reason: '<b>audit</b> & "review"' });

    const page = await client.pageOf(MAIL, hanna);
    expect(page).toContain('Paused</strong>');
    expect(page).toContain('Reason: &lt;b&gt;audit&lt;/b&gt; &amp; &quot;review&quot;');
    expect(page).toContain(`action="${MAIL}/resume"`);
    expect(page).not.toContain(`action="${MAIL}/pause"`);
    expect(await client.pageOf('/organizations/contoso', hanna)).toContain('Paused</strong>');

    const { archived } = await status();
    addMessages(1);
    await world.advance(DAY);
    await client.idle();
    expect((await status()).archived).toBe(archived);
    // A day later, the session has ended.
    hanna = await client.signIn(HANNA);
    const resumed = await client.post(`${MAIL}/resume`, hanna);
    expect(resumed.headers.get('location')).toBe(`${MAIL}?said=resumed`);
    await client.idle();
    // The new message, and the one that had failed.
    expect(await status()).toMatchObject({ state: 'completed', archived: archived + 2 });
  });

  it('takes no reason that is too long, and keeps what was typed', async () => {
    const reason = 'r'.repeat(501);
    for (const path of ['pause', 'cancel']) {
      const refused = await client.post(`${MAIL}/${path}`, hanna, { reason });
      const page = await refused.text();
      expect(refused.status).toBe(422);
      expect(page).toContain('id="reason-problem"');
      expect(page).toContain(`value="${reason}"`);
    }
    expect((await status()).state).toBe('completed_with_failures');
    await client.post(`${MAIL}/pause`, hanna, { reason: reason.slice(1) });
    expect((await status()).reason).toHaveLength(500);
  });

  it('cancels only after it was confirmed, and a page from before makes no pause of it', async () => {
    expect(await client.pageOf(`${MAIL}/cancel`, hanna)).toContain('<h1>Cancel mail synchronisation?</h1>');
    expect((await status()).state).toBe('completed_with_failures');

    const cancelled = await client.post(`${MAIL}/cancel`, hanna, { reason: 'moved' });
    expect(cancelled.headers.get('location')).toBe(`${MAIL}?said=cancelled`);
    const stale = await client.post(`${MAIL}/pause`, hanna);
    expect(stale.headers.get('location')).toBe(MAIL);
    expect(await status()).toMatchObject({ state: 'cancelled', reason: 'moved' });
    const page = await client.pageOf(MAIL, hanna);
    expect(page).toContain('Cancelled</strong>');
    expect(page).not.toContain(`href="${MAIL}/cancel"`);
  });

  it('says how much is left, how fast it goes, and when it will be done', async () => {
    const mail = await status();
    const { pace } = mail;
    const visit = {
      person: { id: 'hanna', name: 'Hanna Berg', email: HANNA },
      organization: { id: 'contoso', name: 'Contoso', partnerId: 'harbour' },
      connection: await world.host.connector.connections.get(id),
      path: MAIL,
    };
    const shown = (changed: Partial<MailStatus>) => {
      const page = mailPage(visit, {
        mail: { ...mail, remaining: 1234, ...changed },
        failures: [],
        removed: { count: 0, newest: [] },
      });
      return page
        .replace(/<[^>]+>/g, ' ')
        .replace(/\s+/g, ' ')
        .replaceAll('&#39;', "'");
    };
    const running = shown({
      state: 'running',
      rate: 2.34,
      quotaShare: 0.14,
      estimatedEndAt: '2027-01-02T03:04:05.000Z',
    });
    for (const words of [
      'State: Running',
      'Messages left about 1,234,',
      'Speed now 2.3 messages a second',
      'Share of the quota 14 % of what Microsoft allows',
      `Pace 100 % of full speed. ${pace.reason}`,
      'Done at about 2 Jan 2027, 03:04 UTC',
    ])
      expect(running).toContain(words);

    const slow = { ...pace, share: 0.25, reason: 'It is the middle of the day.' };
    const waiting = shown({ state: 'waiting_for_quiet_hours', pace: slow, reason: slow.reason });
    expect(waiting).toContain('State: Waiting for quiet hours It is the middle of the day.');
    expect(waiting).toContain('Pace 25 % of full speed Done not known while nothing is at work');
    expect(waiting.split(slow.reason)).toHaveLength(2);

    const disabled = shown({ state: 'disabled', reason: 'The connection was ended.' });
    expect(disabled).toContain('State: Off The connection was ended.');
    expect(disabled).not.toContain('Pause');
  });

  it('says how many failures are tried again, and brings them', async () => {
    const { archived, failed } = await status();
    expect(failed).toBe(1);
    const retried = await client.post(`${MAIL}/retry`, hanna);
    const said = retried.headers.get('location') ?? '';
    expect(said).toBe(`${MAIL}?said=retrying&count=1`);
    expect(await client.pageOf(said, hanna)).toContain('To be tried again as soon as it is their turn: 1.');
    await client.idle();
    expect(await status()).toMatchObject({ state: 'completed', archived: archived + 1, failed: 0 });
    expect(await client.pageOf(MAIL, hanna)).not.toContain(`action="${MAIL}/retry"`);
    // Words of an address never get onto a page.
    expect(await client.pageOf(`${MAIL}?said=retrying&count=<b>`, hanna)).toContain('their turn: –.');
  });

  it('lists the ids of messages that are gone at the source, the newest ones, and no more than fits', async () => {
    const lookAnew = async () => {
      await client.post(`${MAIL}/cancel`, hanna);
      await client.post(`${MAIL}/resume`, hanna);
      await client.idle();
    };
    const messages = addMessages(55);
    await lookAnew();
    const [last, ...others] = messages;
    for (const message of others) removeMessage(message);
    await lookAnew();
    removeMessage(last ?? '');
    await lookAnew();

    const page = await client.pageOf(MAIL, hanna);
    expect(page).toContain('Removed at the source: 55');
    expect(page.match(/data-label="Message"/g)).toHaveLength(50);
    expect(page).toContain('And 5 more.');
    expect(/data-label="Message"><code>([^<]+)/.exec(page)?.[1]).toBe(last);
  });
});
