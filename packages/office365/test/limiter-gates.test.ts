import { virtualClock } from '@mailsphere/core/testing';
import { describe, expect, it } from 'vitest';
import { createAppGate } from '../src/limiter/app-gate.ts';
import { createLane } from '../src/limiter/lane.ts';
import { createLimiter } from '../src/limiter/limiter.ts';
import { requestWindow } from '../src/limiter/request-window.ts';
import { steadyClock } from '../src/limiter/steady-clock.ts';

const patient = { maxWait: Number.POSITIVE_INFINITY };
const mailbox = (tenantId: string, index: number) =>
  ({ kind: 'mailbox', tenantId, mailboxId: `mailbox ${index}` }) as const;

describe('all requests of the app', () => {
  it('are never more than the service allows over all tenants, and not much fewer', async () => {
    const clock = virtualClock();
    const gate = createAppGate({ clock });
    const sent: number[] = [];
    const turn = () => {
      while (gate.enter('tenant', turn)) sent.push(clock.now());
    };
    turn();
    const start = clock.now();
    await clock.advance(12_000);
    expect(sent.findIndex((time, index) => time - (sent[index - 130_000] ?? 0) < 10_000)).toBe(-1);
    expect(sent.filter((time) => time < start + 10_000).length).toBeGreaterThan(117_000);
  });

  it('are counted together: a tenant cannot exceed what all tenants may', async () => {
    const clock = virtualClock();
    const limiter = createLimiter({ clock, random: () => 0 });
    let admitted = 0;
    const all = Array.from({ length: 1_500 }, async (_, index) => {
      const key =
        index % 2 ? ({ kind: 'directory', tenantId: `${index}` } as const) : mailbox(`${index % 100}`, index);
      const permit = await limiter.acquire(key, patient);
      admitted++;
      permit.release();
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(admitted).toBe(1_170);
    await clock.run(Promise.all(all));
    expect(clock.waiting).toBe(0);
  });

  it('wake nobody while there is room', async () => {
    const clock = virtualClock();
    const limiter = createLimiter({ clock, random: () => 0 });
    for (let index = 0; index < 1_000; index++)
      (await limiter.acquire(mailbox('tenant', index), patient)).release();
    expect(clock.waiting).toBe(0);
  });
});

describe('a tenant with thousands of requests', () => {
  function tenants() {
    const clock = virtualClock();
    const gate = createAppGate({ clock, perSecond: 100, atOnce: 10 });
    const lane = (tenantId: string) =>
      createLane({
        clock: steadyClock(clock),
        random: () => 0,
        quota: requestWindow(clock.now()),
        slots: 4,
        gate: { enter: (turn) => gate.enter(tenantId, turn), accepted() {}, crowded() {}, leave() {} },
      });
    const done = new Map<string, number>();
    const send = (tenantId: string, lanes: number, requests: number) =>
      Promise.all(
        Array.from({ length: lanes }, () => lane(tenantId)).flatMap((each) =>
          Array.from({ length: requests }, async () => {
            const permit = await each.acquire(patient);
            await clock.wait(20);
            permit.report({ kind: 'accepted' });
            permit.release();
            done.set(tenantId, (done.get(tenantId) ?? 0) + 1);
          }),
        ),
      );
    return { clock, done, send };
  }

  it('delays another one by one request each', async () => {
    const { clock, done, send } = tenants();
    void send('large', 50, 60);
    await clock.advance(1_000);
    const before = done.get('large') ?? 0;
    const start = clock.now();
    await clock.run(send('small', 1, 20));
    // Every second one of a hundred a second, and the time of the last answer.
    expect(clock.now() - start).toBeLessThanOrEqual(450);
    expect((done.get('large') ?? 0) - before).toBeGreaterThanOrEqual(15);
  });

  it('shares evenly with all of them', async () => {
    const { clock, done, send } = tenants();
    void send('large', 100, 40);
    for (let index = 0; index < 9; index++) void send(`small ${index}`, 1, 200);
    await clock.advance(10_000);
    const shares = [...done.values()];
    expect(shares).toHaveLength(10);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(12);
    expect(shares.reduce((sum, each) => sum + each)).toBeGreaterThan(980);
  });

  it('leaves nobody behind when it gives up', async () => {
    const { clock, send } = tenants();
    await clock.run(Promise.all([send('large', 30, 10), send('small', 2, 10)]));
    expect(clock.waiting).toBe(0);
  });
});

describe('a service that counts concurrent requests', () => {
  /** It refuses at once what is more than four under way in a scope, and all of the scope `held`. */
  async function run(mailboxes: number, scope: (mailboxId: number) => string) {
    const clock = virtualClock();
    const limiter = createLimiter({ clock, random: () => 0.5 });
    const end = clock.now() + 600_000;
    const underWay = new Map<string, number>();
    const calls = { accepted: 0, refused: 0, late: 0 };
    const worker = async (mailboxId: number) => {
      const name = scope(mailboxId);
      while (clock.now() < end) {
        const permit = await limiter.acquire(mailbox('tenant', mailboxId), patient);
        const count = underWay.get(name) ?? 0;
        if (count >= 4 || name === 'held') {
          await clock.wait(10);
          calls.refused++;
          if (clock.now() > end - 300_000) calls.late++;
          permit.report({ kind: 'throttled', retryAfter: undefined, reason: 'concurrency' });
        } else {
          underWay.set(name, count + 1);
          await clock.wait(1_000);
          underWay.set(name, (underWay.get(name) ?? 1) - 1);
          calls.accepted++;
          permit.report({ kind: 'accepted' });
        }
        permit.release();
      }
    };
    await clock.run(
      Promise.all(Array.from({ length: mailboxes }, (_, index) => [worker(index), worker(index)]).flat()),
    );
    return calls;
  }

  it('over all mailboxes of the app is not run against for ever', async () => {
    const calls = await run(40, () => 'app');
    expect(calls.late / (calls.accepted / 2)).toBeLessThan(0.02);
    // Four at a time for ten minutes.
    expect(calls.accepted).toBeGreaterThan(2_400 * 0.8);
  });

  it('does not slow down a tenant for the sake of some mailboxes that another product holds', async () => {
    const free = await run(20, (mailboxId) => `${mailboxId}`);
    expect(free.refused).toBe(0);
    const held = await run(20, (mailboxId) => (mailboxId < 4 ? 'held' : `${mailboxId}`));
    expect(held.accepted).toBeGreaterThanOrEqual(free.accepted * 0.75);
  });
});
