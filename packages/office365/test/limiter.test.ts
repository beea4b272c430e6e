import { ConnectorError } from '@mailsphere/core';
import { virtualClock } from '@mailsphere/core/testing';
import { describe, expect, it } from 'vitest';
import { createLane } from '../src/limiter/lane.ts';
import { createLimiter, type LaneKey } from '../src/limiter/limiter.ts';
import type { Permit } from '../src/limiter/permit.ts';
import { requestWindow } from '../src/limiter/request-window.ts';
import { resourceBucket } from '../src/limiter/resource-bucket.ts';
import { steadyClock } from '../src/limiter/steady-clock.ts';

const key: LaneKey = { kind: 'mailbox', tenantId: 'tenant', mailboxId: 'mailbox' };
const patient = { maxWait: Number.POSITIVE_INFINITY };
const quotaRefusal = (retryAfter: number | undefined) =>
  ({ kind: 'throttled', retryAfter, reason: 'quota' }) as const;

const laneAt = (clock = virtualClock(), random = () => 0) => ({
  clock,
  lane: createLane({ clock: steadyClock(clock), random, quota: requestWindow(clock.now()), slots: 4 }),
});

const use = (permit: Permit) => {
  permit.report({ kind: 'accepted' });
  permit.release();
};

describe('slots', () => {
  it('never has more than four requests of a mailbox in flight', async () => {
    const { clock, lane } = laneAt();
    let inFlight = 0;
    let most = 0;
    const work = Array.from({ length: 40 }, async () => {
      const permit = await lane.acquire(patient);
      most = Math.max(most, ++inFlight);
      await clock.wait(100);
      inFlight--;
      use(permit);
    });
    await clock.run(Promise.all(work));
    expect(most).toBe(4);
  });

  it('gives the place of a caller that left to the next one', async () => {
    const { lane } = laneAt();
    const held = await Promise.all([1, 2, 3, 4].map(() => lane.acquire(patient)));
    const leaver = new AbortController();
    const left = lane.acquire({ ...patient, signal: leaver.signal });
    const next = lane.acquire(patient);
    leaver.abort();
    await expect(left).rejects.toMatchObject({ code: 'aborted' });
    held[0]?.release();
    await expect(next).resolves.toBeDefined();
  });

  it('counts a release once, however often it is called', async () => {
    const { lane } = laneAt();
    const held = await Promise.all([1, 2, 3, 4].map(() => lane.acquire(patient)));
    held[0]?.release();
    held[0]?.release();
    await lane.acquire(patient);
    let fifth = false;
    void lane.acquire(patient).then(() => {
      fifth = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(fifth).toBe(false);
  });

  it('has fewer slots while another product holds some, and gets them back', async () => {
    const { clock, lane } = laneAt();
    const held = await Promise.all([1, 2, 3, 4].map(() => lane.acquire(patient)));
    held[0]?.report({ kind: 'throttled', retryAfter: 10_000, reason: 'concurrency' });
    for (const permit of held) permit.release();
    let inFlight = 0;
    let most = 0;
    let beforeReturn = 0;
    let done = 0;
    const work = Array.from({ length: 400 }, async () => {
      const permit = await lane.acquire(patient);
      most = Math.max(most, ++inFlight);
      await clock.wait(500);
      inFlight--;
      if (++done === 190) beforeReturn = most;
      use(permit);
    });
    await clock.run(Promise.all(work));
    expect([beforeReturn, most]).toEqual([3, 4]);
  });
});

describe('fence', () => {
  it.each([
    [10_000, 10_000],
    [600_000, 600_000],
    [2_128, 2_500],
    [0, 2_500],
    [undefined, 2_500],
  ])('lets nothing pass for as long as the service asked (%s ms)', async (asked, least) => {
    const { clock, lane } = laneAt();
    const start = clock.now();
    const permit = await lane.acquire(patient);
    permit.report(quotaRefusal(asked));
    permit.release();
    await clock.run(lane.acquire(patient));
    expect(clock.now() - start).toBeGreaterThanOrEqual(least);
    expect(clock.now() - start).toBeLessThanOrEqual(Math.max(least, 5_000) * 1.1);
  });

  it('sends one request alone first, and the others at the steady rate', async () => {
    const { clock, lane } = laneAt();
    const permit = await lane.acquire(patient);
    permit.report(quotaRefusal(30_000));
    permit.release();
    const sent: number[] = [];
    const open = clock.now() + 30_000;
    const work = Array.from({ length: 5 }, async () => {
      const mine = await lane.acquire(patient);
      sent.push(clock.now() - open);
      await clock.wait(10);
      // The first one takes long: nobody may overtake it.
      if (sent.length === 1) await clock.wait(5_000);
      use(mine);
    });
    await clock.run(Promise.all(work));
    expect(sent[0]).toBe(0);
    expect(sent[1]).toBeGreaterThanOrEqual(5_010);
    for (let index = 2; index < sent.length; index++)
      expect((sent[index] ?? 0) - (sent[index - 1] ?? 0)).toBeGreaterThanOrEqual(60);
  });

  it.each([5_001, 10_000])(
    'never waits longer than the %i ms asked for, however often it is asked to',
    async (asked) => {
      const { clock, lane } = laneAt(virtualClock(), () => 0.999);
      for (let refusals = 0; refusals < 9; refusals++) {
        const permit = await lane.acquire(patient);
        const before = clock.now();
        permit.report(quotaRefusal(asked));
        permit.release();
        const next = await clock.run(lane.acquire(patient));
        expect(clock.now() - before).toBe(asked);
        next.report(quotaRefusal(undefined));
        next.release();
        await clock.advance(300_000);
      }
    },
  );

  it('waits longer each time when the service always asks for one second', async () => {
    const { clock, lane } = laneAt();
    const pauses: number[] = [];
    for (let index = 0; index < 9; index++) {
      const before = clock.now();
      const permit = await clock.run(lane.acquire(patient));
      pauses.push(clock.now() - before);
      permit.report(quotaRefusal(1_000));
      permit.release();
    }
    expect(pauses.slice(1)).toEqual([2_500, 5_000, 10_000, 20_000, 40_000, 80_000, 150_000, 150_000]);
  });

  it('takes four refusals of requests that were under way together for one', async () => {
    const { clock, lane } = laneAt();
    const permits = await Promise.all([1, 2, 3, 4].map(() => lane.acquire(patient)));
    await clock.advance(100);
    for (const permit of permits) {
      permit.report(quotaRefusal(6_000));
      permit.release();
      await clock.advance(1);
    }
    const before = clock.now();
    await clock.run(lane.acquire(patient));
    expect(clock.now() - before).toBeLessThanOrEqual(6_000);
  });

  it('stops one mailbox and no other', async () => {
    const clock = virtualClock();
    const limiter = createLimiter({ clock, random: () => 0 });
    const permit = await limiter.acquire(key, patient);
    permit.report(quotaRefusal(60_000));
    permit.release();
    await limiter.acquire({ ...key, mailboxId: 'other' }, { maxWait: 0 });
    await limiter.acquire({ ...key, tenantId: 'other' }, { maxWait: 0 });
    await limiter.acquire({ kind: 'directory', tenantId: 'tenant' }, { maxWait: 0 });
  });

  it('goes on when the request that tries first is given up', async () => {
    const { clock, lane } = laneAt();
    const permit = await lane.acquire(patient);
    permit.report(quotaRefusal(10_000));
    permit.release();
    const probe = await clock.run(lane.acquire(patient));
    probe.release();
    // It told nothing, so the next one goes alone again.
    const second = await clock.run(lane.acquire(patient));
    let third = false;
    const waiting = lane.acquire(patient).then(() => {
      third = true;
    });
    await clock.advance(1_000);
    expect(third).toBe(false);
    second.report({ kind: 'accepted' });
    await clock.run(waiting);
  });
});

describe('maxWait', () => {
  it('tells at once, with the time, when the wait would be too long', async () => {
    const { clock, lane } = laneAt();
    const permit = await lane.acquire(patient);
    permit.report(quotaRefusal(120_000));
    permit.release();
    const error = await lane.acquire({ maxWait: 60_000 }).catch((thrown) => thrown);
    expect(ConnectorError.is(error, 'throttled')).toBe(true);
    expect(error.retryAt).toBe(clock.now() + 120_000);
    expect(clock.waiting).toBe(0);
  });

  it('also tells those who were already waiting for something shorter', async () => {
    const { clock, lane } = laneAt();
    const permits = await Promise.all([1, 2].map(() => lane.acquire(patient)));
    permits[0]?.report(quotaRefusal(10_000));
    const waiting = lane.acquire({ maxWait: 60_000 });
    waiting.catch(() => undefined);
    await clock.advance(1_000);
    permits[1]?.report(quotaRefusal(100_000));
    await expect(waiting).rejects.toMatchObject({ code: 'throttled' });
  });

  it('adds up what a call has already waited', async () => {
    const { lane } = laneAt();
    const permit = await lane.acquire(patient);
    permit.report(quotaRefusal(10_000));
    permit.release();
    await expect(lane.acquire({ maxWait: 60_000, waited: 55_000 })).rejects.toMatchObject({
      code: 'throttled',
    });
  });
});

describe('memory', () => {
  it('forgets mailboxes that were not used for longer than a window', async () => {
    const clock = virtualClock();
    const limiter = createLimiter({ clock, random: () => 0 });
    for (let index = 0; index < 500; index++)
      use(await limiter.acquire({ ...key, mailboxId: `${index}` }, patient));
    expect(limiter.lanes).toBe(500);
    await clock.advance(700_000);
    for (let index = 0; index < 300; index++)
      use(await limiter.acquire({ ...key, mailboxId: `new ${index}` }, patient));
    expect(limiter.lanes).toBeLessThanOrEqual(300);
  });

  it('does not stand still when the time of the machine is set back', async () => {
    const clock = virtualClock();
    let shift = 0;
    const limiter = createLimiter({ clock: { ...clock, now: () => clock.now() + shift }, random: () => 0 });
    const permit = await limiter.acquire(key, patient);
    permit.report(quotaRefusal(10_000));
    permit.release();
    shift = -3_600_000;
    const before = clock.now();
    await clock.run(limiter.acquire(key, patient));
    expect(clock.now() - before).toBeLessThanOrEqual(10_000);
  });
});

describe('resource units', () => {
  it('keeps the directory of a small tenant under 3,500 units in ten seconds', async () => {
    const clock = virtualClock();
    const lane = createLane({
      clock: steadyClock(clock),
      random: () => 0,
      quota: resourceBucket(),
      slots: 1_000,
    });
    const start = clock.now();
    for (let index = 0; index < 3_000; index++) {
      const permit = await clock.run(lane.acquire(patient));
      permit.report({ kind: 'accepted', cost: 2 });
      permit.release();
    }
    // 6,000 units, of which 3,500 at once.
    expect(clock.now() - start).toBeGreaterThan(7_000);
    expect(clock.now() - start).toBeLessThan(7_300);
  });
});
