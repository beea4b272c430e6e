import { virtualClock } from '@mailsphere/core/testing';
import { describe, expect, it } from 'vitest';
import { createLimiter } from '../src/limiter/limiter.ts';

const key = { kind: 'mailbox', tenantId: 'tenant', mailboxId: 'mailbox' } as const;
const patient = { maxWait: Number.POSITIVE_INFINITY };
const hour = 3_600_000;

function limiterAt() {
  const clock = virtualClock();
  const limiter = createLimiter({ clock, random: () => 0 });
  const use = async (mailboxId: string) => {
    const permit = await clock.run(limiter.acquire({ ...key, mailboxId }, patient));
    permit.report({ kind: 'accepted' });
    permit.release();
  };
  /** Enough of other mailboxes for every lane to be looked at. */
  const others = async (name: string) => {
    for (let index = 0; index < 100; index++) await use(`${name} ${index}`);
  };
  return { clock, limiter, use, others };
}

describe('what was learned of a mailbox', () => {
  it('is not lost over a pause: another product still holds its slots', async () => {
    const { clock, limiter, use, others } = limiterAt();
    for (let refused = 0; refused < 3; refused++) {
      const permit = await clock.run(limiter.acquire(key, patient));
      permit.report({ kind: 'throttled', retryAfter: 10_000, reason: 'concurrency' });
      permit.release();
    }
    await use('mailbox');
    await clock.advance(2 * hour);
    await others('other');
    const held = await limiter.acquire(key, patient);
    let second = false;
    const waiting = limiter.acquire(key, patient).then(() => {
      second = true;
    });
    await clock.advance(1_000);
    expect(second).toBe(false);
    held.release();
    await waiting;
  });

  it('counts as long as it keeps refusing', async () => {
    const { clock, limiter, others } = limiterAt();
    for (let refused = 0; refused < 6; refused++) {
      const permit = await clock.run(limiter.acquire(key, patient));
      permit.report({ kind: 'throttled', retryAfter: 1_000, reason: 'service' });
      permit.release();
    }
    await clock.advance(hour);
    await others('other');
    const permit = await clock.run(limiter.acquire(key, patient));
    permit.report({ kind: 'throttled', retryAfter: 1_000, reason: 'service' });
    permit.release();
    const before = clock.now();
    await clock.run(limiter.acquire(key, patient));
    // The seventh pause, and not the first one again.
    expect(clock.now() - before).toBeGreaterThanOrEqual(150_000);
  });

  it('that its quota is smaller is remembered', async () => {
    const { clock, limiter, others } = limiterAt();
    await clock.advance(hour);
    for (let index = 0; index <= 1_000; index++) {
      const permit = await clock.run(limiter.acquire(key, patient));
      permit.report(
        index !== 999 ? { kind: 'accepted' } : { kind: 'throttled', retryAfter: 600_000, reason: 'quota' },
      );
      permit.release();
    }
    await clock.advance(2 * hour);
    await others('other');
    const before = clock.now();
    for (let index = 0; index < 1_300; index++) {
      const permit = await clock.run(limiter.acquire(key, patient));
      permit.report({ kind: 'accepted' });
      permit.release();
    }
    expect(clock.now() - before).toBeGreaterThan(500_000);
  }, 60_000);

  it('is given up after a day, so that memory has an end', async () => {
    const { clock, limiter, others } = limiterAt();
    for (let index = 0; index < 300; index++) {
      const permit = await limiter.acquire({ ...key, mailboxId: `${index}` }, patient);
      permit.report({ kind: 'throttled', retryAfter: 60_000, reason: 'concurrency' });
      permit.release();
    }
    await clock.advance(25 * hour);
    await others('a');
    await others('b');
    expect(limiter.lanes).toBeLessThanOrEqual(200);
  });

  it('does not keep the mailboxes behind it in memory', async () => {
    const { clock, limiter, use, others } = limiterAt();
    const permit = await limiter.acquire(key, patient);
    permit.report({ kind: 'throttled', retryAfter: 100 * hour, reason: 'quota' });
    permit.release();
    for (let index = 0; index < 300; index++) await use(`${index}`);
    await clock.advance(hour);
    await others('a');
    await others('b');
    await others('c');
    expect(limiter.lanes).toBeLessThanOrEqual(301);
  });
});

it('the time to come back at is the machine’s, also when that was set back', async () => {
  const clock = virtualClock();
  let shift = 0;
  const machine = { ...clock, now: () => clock.now() + shift };
  const limiter = createLimiter({ clock: machine, random: () => 0 });
  await limiter.acquire({ ...key, mailboxId: 'earlier' }, patient);
  shift = -hour;
  const permit = await limiter.acquire(key, patient);
  permit.report({ kind: 'throttled', retryAfter: 120_000, reason: 'quota' });
  permit.release();
  await expect(limiter.acquire(key, { maxWait: 60_000 })).rejects.toMatchObject({
    code: 'throttled',
    retryAt: machine.now() + 120_000,
  });
});
