import { describe, expect, it } from 'vitest';
import { connect, createManualClock, someMailbox, tenantOf } from './support.ts';

describe('the limits of a mailbox', () => {
  it('let four requests run at a time, and refuse the fifth with a short wait (microsoft-graph 1.2, 14.1)', async () => {
    const clock = createManualClock();
    const { simulator, ask } = await connect({ clock, latencyMs: 200 });
    await asked(clock, ask('/organization'));
    const [first = '', second = ''] = tenantOf(simulator).mailboxes;
    const path = (mailbox: string) => `/users/${mailbox}/messages?$select=id`;
    const running = Array.from({ length: 4 }, () => ask(path(first)));
    const other = ask(path(second));
    const refused = await ask(path(first));
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({
      error: { code: 'ApplicationThrottled', message: 'Application is over its MailboxConcurrency limit.' },
    });
    await clock.advance(200);
    for (const response of await Promise.all([...running, other])) expect(response.status).toBe(200);
    expect((await asked(clock, ask(path(first)))).status).toBe(200);
    expect(simulator.counts.maxInFlightByMailbox[first]).toBe(4);
    expect(simulator.counts.maxInFlightOverall).toBe(5);
    expect(simulator.counts.throttledByMailbox).toEqual({ [first]: 1 });
  });

  it('hold a slot until the body was read, or the reader gave up (microsoft-graph 1.2)', async () => {
    const { simulator, tenantId, ask } = await connect();
    const mailbox = someMailbox(simulator);
    const { restId } = simulator.addMessage(tenantId, mailbox, 'inbox', { size: 300_000 });
    const read = () => ask(`/users/${mailbox}/messages/${restId}/$value`);
    const open = [await read(), await read(), await read(), await read()];
    expect((await read()).status).toBe(429);
    await open[0]?.body?.cancel();
    const fifth = await read();
    expect(fifth.status).toBe(200);
    expect((await read()).status).toBe(429);
    expect((await fifth.arrayBuffer()).byteLength).toBe(300_000);
    expect((await read()).status).toBe(200);
  });

  it('give a slot back when the caller aborts (microsoft-graph 1.2)', async () => {
    const clock = createManualClock();
    const { simulator, token } = await connect({ clock, latencyMs: 200 });
    const headers = { authorization: `Bearer ${await token()}` };
    const url = `https://graph.microsoft.com/v1.0/users/${someMailbox(simulator)}/messages`;
    const controllers = Array.from({ length: 4 }, () => new AbortController());
    const running = controllers.map(({ signal }) => simulator.fetch(new Request(url, { headers, signal })));
    const settled = Promise.allSettled(running);
    for (const controller of controllers) controller.abort();
    expect((await settled).map((one) => one.status)).toEqual(Array(4).fill('rejected'));
    expect((await asked(clock, simulator.fetch(new Request(url, { headers })))).status).toBe(200);
  });

  it('count 10,000 requests in ten minutes, refused ones too, and name the honest wait (microsoft-graph 1.1, 1.2)', async () => {
    const clock = createManualClock();
    const { simulator, ask } = await connect({ clock });
    const mailbox = someMailbox(simulator);
    const path = `/users/${mailbox}/mailFolders/inbox?$select=id`;
    for (let count = 0; count < 5_000; count++) await ask(path);
    await clock.advance(300_000);
    for (let count = 0; count < 5_000; count++) expect((await ask(path)).status).toBe(200);
    const refused = await ask(path);
    expect(refused.status).toBe(429);
    // The first 5,000 leave the window 600 s after they were made: 300 s from now.
    expect(refused.headers.get('retry-after')).toBe('300');
    const [other = ''] = tenantOf(simulator).mailboxes;
    expect((await ask(`/users/${other}/mailFolders/inbox`)).status).toBe(200);
    await clock.advance(299_000);
    expect((await ask(path)).status).toBe(429);
    await clock.advance(1_000);
    expect((await ask(path)).status).toBe(200);
    expect(simulator.counts.throttled).toBe(2);
    expect(simulator.counts.perMailbox[mailbox]).toBe(10_003);
  });

  it('never open for a caller who keeps knocking (microsoft-graph 1.1)', async () => {
    const clock = createManualClock();
    const { simulator, ask } = await connect({
      clock,
      limits: { mailboxRequests: 5, mailboxWindowSeconds: 10 },
    });
    const path = `/users/${someMailbox(simulator)}/messages`;
    for (let count = 0; count < 5; count++) await ask(path);
    for (let second = 0; second < 30; second++) {
      expect((await ask(path)).status).toBe(429);
      await clock.advance(1_000);
      await ask(path);
    }
    await clock.advance(10_000);
    expect((await ask(path)).status).toBe(200);
  });

  it('can be dishonest about the wait, as reported (microsoft-graph 1.1)', async () => {
    const limits = { mailboxRequests: 1 } as const;
    for (const [retryAfter, header] of [
      ['one', '1'],
      ['missing', null],
    ] as const) {
      const { simulator, ask } = await connect({ limits: { ...limits, retryAfter } });
      const path = `/users/${someMailbox(simulator)}/messages`;
      await ask(path);
      expect((await ask(path)).headers.get('retry-after')).toBe(header);
    }
  });

  it('can be switched off', async () => {
    const { simulator, ask } = await connect({ limits: false });
    const path = `/users/${someMailbox(simulator)}/mailFolders/inbox`;
    for (let count = 0; count < 10_100; count++) expect((await ask(path)).status).toBe(200);
  });
});

describe('the limits of the directory', () => {
  it('cost what the table says (microsoft-graph 1.3)', async () => {
    const { simulator, ask } = await connect();
    const group = tenantOf(simulator).groups[0]?.id ?? '';
    const cost = async (path: string) => (await ask(path)).headers.get('x-ms-resource-unit');
    expect(await cost('/users')).toBe('2');
    expect(await cost('/users?$select=id')).toBe('1');
    expect(await cost('/users?$top=10')).toBe('1');
    expect(await cost(`/groups/${group}/members`)).toBe('3');
    expect(await cost(`/groups/${group}/members?$select=id&$top=5`)).toBe('1');
    expect(await cost(`/groups/${group}/transitiveMembers`)).toBe('5');
    expect(await cost('/domains')).toBe('1');
    expect(await cost('/users/delta')).toBe('1');
  });

  it('warn above 0.8, refuse at the end, and fill again at 350 units a second in a small tenant (microsoft-graph 1.3)', async () => {
    const clock = createManualClock();
    const { simulator, tenantId, ask } = await connect({ clock });
    for (let count = 0; count < 1_395; count++) await ask('/users');
    expect((await ask('/users')).headers.get('x-ms-throttle-limit-percentage')).toBeNull();
    for (let count = 0; count < 30; count++) await ask('/users');
    expect(Number((await ask('/users')).headers.get('x-ms-throttle-limit-percentage'))).toBeGreaterThan(0.8);
    for (let count = 0; count < 322; count++) await ask('/users');
    const refused = await ask('/users');
    expect(refused.status).toBe(200);
    const beyond = await ask('/users');
    expect(beyond.status).toBe(429);
    expect(beyond.headers.get('retry-after')).toBe('1');
    expect(beyond.headers.get('x-ms-throttle-scope')).toBe(
      `Tenant_Application/Read/${simulator.app.clientId}/${tenantId}`,
    );
    expect(beyond.headers.get('x-ms-throttle-information')).toBe('ResourceUnitLimitExceeded');
    expect(await beyond.json()).toMatchObject({
      error: { code: 'TooManyRequests', message: 'Please retry again later.' },
    });
    await clock.advance(1_000);
    expect((await ask('/users')).status).toBe(200);
  });

  it('are one per tenant: another tenant goes on (microsoft-graph 1.3)', async () => {
    const { simulator, ask } = await connect({
      clock: createManualClock(),
      limits: { directoryUnits: 10 },
      tenants: [{ name: 'contoso' }, { name: 'fabrikam', consented: true }],
    });
    for (let count = 0; count < 6; count++) await ask('/users');
    expect((await ask('/users')).status).toBe(429);
    const { requestToken } = await import('./support.ts');
    const body = (await (await requestToken(simulator, 'fabrikam.com')).json()) as { access_token: string };
    const headers = { authorization: `Bearer ${body.access_token}` };
    expect(
      (await simulator.fetch(new Request('https://graph.microsoft.com/v1.0/users', { headers }))).status,
    ).toBe(200);
  });
});

describe('the global limit', () => {
  it('stops an app over all tenants (microsoft-graph 1.1)', async () => {
    const clock = createManualClock();
    const { ask } = await connect({ clock, limits: { globalRequests: 20 } });
    for (let count = 0; count < 20; count++) expect((await ask('/domains')).status).toBe(200);
    const refused = await ask('/domains');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10']);
    await clock.advance(10_000);
    expect((await ask('/domains')).status).toBe(200);
  });
});

/** Lets a request with latency finish. */
async function asked<T>(
  clock: { advance(milliseconds: number): Promise<void> },
  request: Promise<T>,
): Promise<T> {
  let done = false;
  const finished = request.finally(() => {
    done = true;
  });
  for (let round = 0; round < 200 && !done; round++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(50);
  }
  return finished;
}
