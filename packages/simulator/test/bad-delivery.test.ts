import type { brokenAnswers, Scenario } from '@mailsphere/simulator';
import { startServer } from '@mailsphere/simulator/server';
import { describe, expect, it } from 'vitest';
import { createManualClock, IMMUTABLE, type Json, requestToken, someMailbox, tenantOf } from './support.ts';
import { withMessage } from './with-message.ts';

describe('a bad delivery', () => {
  const deliver = (answer: keyof typeof brokenAnswers) =>
    withMessage({ faults: [{ answer, route: 'messages.value' }] });
  const read = async (response: Response) => {
    let bytes = 0;
    try {
      for await (const chunk of response.body ?? []) bytes += chunk.length;
      return { bytes, end: 'end' };
    } catch {
      return { bytes, end: 'error' };
    }
  };
  const whole = 'Subject: x\r\n\r\nHello, all of you.'.length;
  const half = Math.floor(whole / 2);

  it.each([
    ['resetInBody', half, 'error', whole],
    ['resetAtEnd', whole, 'error', whole],
    ['truncated', half, 'end', whole],
    ['truncatedSilently', half, 'end', half],
    ['chunksCut', half, 'error', undefined],
  ] as const)('%s', async (answer, bytes, end, announced) => {
    const response = await (await deliver(answer)).value();
    expect(response.headers.get('content-length')).toBe(announced === undefined ? null : String(announced));
    expect(await read(response)).toEqual({ bytes, end });
  });

  it('that drips comes at one byte in a second, and holds its slot until it is over', async () => {
    const clock = createManualClock();
    const { value } = await withMessage({ faults: [{ answer: 'drip', times: 4 }] }, { clock });
    const open = [await value(), await value(), await value(), await value()];
    expect((await value()).status).toBe(429);
    const reading = read(open[0] as Response);
    for (let second = 0; second < whole; second++) {
      await new Promise(setImmediate);
      await clock.advance(1_000);
    }
    expect(await reading).toEqual({ bytes: whole, end: 'end' });
    expect((await value()).status).toBe(200);
  });
});

describe('a flawed page of messages', () => {
  const round = async (scenario: Scenario) => {
    const { mailbox, pages } = await withMessage(scenario);
    const folder = `/users/${mailbox}/mailFolders/inbox/messages/delta?$select=id`;
    return pages(folder, IMMUTABLE);
  };
  const ids = (rows: readonly Json[]) =>
    rows.filter((row) => row['@removed'] === undefined).map(({ id }) => String(id));

  it.each(['rowsTwice', 'rowsReversed', 'rowsRemovedFirst'] as const)(
    '%s holds the same messages',
    async (answer) => {
      const plain = await round({});
      const flawed = await round({ faults: [{ answer, route: 'messages.delta' }] });
      expect(new Set(ids(flawed.rows))).toEqual(new Set(ids(plain.rows)));
      expect(flawed.rows).not.toEqual(plain.rows);
    },
  );

  it('replays bring what came before, and still come to an end', async () => {
    const plain = await round({});
    const replayed = await round({ quirks: { replays: 1, messagePage: 3 } });
    expect(new Set(ids(replayed.rows))).toEqual(new Set(ids(plain.rows)));
    expect(replayed.rows.length).toBeGreaterThan(plain.rows.length);
  });

  it('a page that ends early hides the rest for good', async () => {
    const plain = await round({});
    const cut = await round({ quirks: { messagePage: 3 }, faults: [{ answer: 'pageEndsEarly', times: 1 }] });
    expect(cut.rows).toHaveLength(3);
    expect(plain.rows.length).toBeGreaterThan(3);
    expect(cut.deltaLink).toContain('$deltatoken=');
  });

  it('a page that leads nowhere has no link', async () => {
    const { pages } = await round({ faults: [{ answer: 'pageLeadsNowhere' }] });
    expect(Object.keys(pages[0] ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringContaining('Link')]),
    );
  });
});

describe('over sockets', () => {
  it.each([
    ['resetBeforeHeaders', 0],
    ['resetInBody', 1],
    ['truncated', 1],
    ['chunksCut', 1],
  ] as const)('%s breaks the connection, and the next one works', async (answer, headers) => {
    await using server = await startServer({ tenants: [{ name: 'contoso', consented: true }] });
    const { simulator } = server;
    const tenant = tenantOf(simulator);
    const mailbox = someMailbox(simulator);
    const { restId } = simulator.addMessage(tenant.id, mailbox, 'inbox', { size: 200_000 });
    const { access_token } = (await (await requestToken(simulator, tenant.id)).json()) as Json;
    // Set as another process does.
    const set = await fetch(`${server.graph}/simulator/setScenario`, {
      method: 'POST',
      body: JSON.stringify([{ faults: [{ answer, times: 1 }] }]),
    });
    expect(set.status).toBe(200);
    const ask = () =>
      fetch(`${server.graph}/v1.0/users/${mailbox}/messages/${restId}/$value`, {
        headers: { authorization: `Bearer ${access_token}` },
      });
    const broken = ask().then(async (response) => {
      expect(headers).toBe(1);
      await response.arrayBuffer();
    });
    await expect(broken).rejects.toThrow(headers === 0 ? 'fetch failed' : 'terminated');
    expect((await (await ask()).arrayBuffer()).byteLength).toBe(200_000);
    const refused = await fetch(`${server.graph}/simulator/setScenario`, {
      method: 'POST',
      body: JSON.stringify([{ faults: [{}] }]),
    });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toEqual({ error: 'scenario.faults[0].answer is missing.' });
  });
});
