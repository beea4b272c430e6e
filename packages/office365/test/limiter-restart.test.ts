import { ConnectorError, type Json } from '@mailsphere/core';
import { virtualClock } from '@mailsphere/core/testing';
import fc from 'fast-check';
import { HttpResponse, http } from 'msw';
import { describe, expect, it, vi } from 'vitest';
import type { LimiterStore } from '../src/index.ts';
import { createLimiter, type LaneKey, type Limiter } from '../src/limiter/limiter.ts';
import type { Permit } from '../src/limiter/permit.ts';
import { mulberry } from './mulberry.ts';
import { clientId, connect, failure, graph, mailboxId, tenantId, wire } from './wire.ts';

const key: LaneKey = { kind: 'mailbox', tenantId, mailboxId };
const patient = { maxWait: Number.POSITIVE_INFINITY };
const hour = 3_600_000;

/** What a host would have on a disk: it takes only what is JSON. */
function memoryStore() {
  const values = new Map<string, string>();
  const calls = { load: 0, save: 0 };
  const store: LimiterStore = {
    async load(name) {
      calls.load++;
      const value = values.get(name);
      return value === undefined ? undefined : (JSON.parse(value) as Json);
    },
    async save(name, value) {
      calls.save++;
      values.set(name, JSON.stringify(value));
    },
  };
  return { values, calls, store };
}

function machine() {
  const clock = virtualClock();
  const kept = memoryStore();
  const start = (store: LimiterStore = kept.store, now = clock.now) =>
    createLimiter({ clock: { ...clock, now }, random: () => 0, kept: { store, clientId } });
  /** As many as pass without waiting, in a second or two: no faster than the app as a whole may. */
  const spend = async (limiter: Limiter, most = 20_000, onSent = () => {}): Promise<number> => {
    for (let count = 0; count < most; count++) {
      if (count % 1_000 === 0) await clock.advance(100);
      const permit = await limiter.acquire(key, { maxWait: 0 }).catch(() => undefined);
      if (!permit) return count;
      onSent();
      permit.report({ kind: 'accepted' });
      permit.release();
    }
    return most;
  };
  const refuse = async (
    limiter: Limiter,
    answer: { retryAfter: number; reason: 'quota' | 'concurrency' },
  ) => {
    const permit = await clock.run(limiter.acquire(key, patient));
    permit.report({ kind: 'throttled', ...answer });
    permit.release();
  };
  return { clock, ...kept, start, spend, refuse };
}

describe('after a restart', () => {
  it.each(['in order', 'after a crash'])('%s, a mailbox whose quota is spent is not asked', async (end) => {
    const { clock, start, spend } = machine();
    const first = start();
    const begin = clock.now();
    expect(await spend(first)).toBe(9_990);
    if (end === 'in order') await first.close();
    await clock.advance(5_000);
    const error = await failure(start().acquire(key, { maxWait: 60_000 }));
    expect(error).toMatchObject({ code: 'throttled' });
    expect(error.retryAt - begin).toBeGreaterThanOrEqual(600_000);
    expect(error.retryAt - begin).toBeLessThanOrEqual(615_000);
  });

  it('the rest of a quota is used, all but what a crash may have hidden', async () => {
    const { clock, start, spend } = machine();
    const first = start();
    await spend(first, 5_000);
    await first.close();
    await clock.advance(5_000);
    const second = start();
    expect(await spend(second, 2_000)).toBe(2_000);
    await clock.advance(5_000);
    const rest = await spend(start());
    expect(rest).toBeLessThanOrEqual(2_990);
    expect(rest).toBeGreaterThanOrEqual(2_990 - 250);
  });

  it('nothing leaves before the time that the service had named', async () => {
    const { clock, start, refuse } = machine();
    await refuse(start(), { retryAfter: hour, reason: 'quota' });
    const until = clock.now() + hour;
    await clock.advance(60_000);
    await expect(start().acquire(key, { maxWait: 60_000 })).rejects.toMatchObject({ retryAt: until });
    await clock.run(start().acquire(key, patient));
    expect(clock.now()).toBe(until);
  });

  it('nor before that of a directory', async () => {
    const { clock, start } = machine();
    const directory = { kind: 'directory', tenantId } as const;
    const permit = await start().acquire(directory, patient);
    permit.report({ kind: 'throttled', retryAfter: 120_000, reason: 'quota' });
    permit.release();
    await clock.advance(1_000);
    await expect(start().acquire(directory, { maxWait: 60_000 })).rejects.toMatchObject({
      code: 'throttled',
    });
  });

  it('one request goes alone first, as it would have', async () => {
    const { clock, start, refuse } = machine();
    await refuse(start(), { retryAfter: 10_000, reason: 'quota' });
    await clock.advance(11_000);
    const limiter = start();
    await limiter.acquire(key, patient);
    let second = false;
    void limiter.acquire(key, patient).then(() => {
      second = true;
    });
    await clock.advance(1_000);
    expect(second).toBe(false);
  });

  it('a mailbox that another product holds is not crowded anew', async () => {
    const { clock, start, refuse } = machine();
    const first = start();
    for (let count = 0; count < 3; count++)
      await refuse(first, { retryAfter: 10_000, reason: 'concurrency' });
    await clock.run(first.acquire(key, patient)).then((permit) => {
      permit.report({ kind: 'accepted' });
      permit.release();
    });
    await first.close();
    await clock.advance(hour);
    const limiter = start();
    await limiter.acquire(key, patient);
    let second = false;
    void limiter.acquire(key, patient).then(() => {
      second = true;
    });
    await clock.advance(1_000);
    expect(second).toBe(false);
  });

  it('a smaller quota is remembered, and still learned', async () => {
    const { clock, start, spend, refuse } = machine();
    const first = start();
    await clock.advance(hour);
    await spend(first, 1_999);
    await refuse(first, { retryAfter: 600_000, reason: 'quota' });
    await first.close();
    await clock.advance(2 * 600_000);
    const second = start();
    // Alone first, then paced for a minute.
    await spend(second, 1);
    await clock.advance(61_000);
    const used = await spend(second);
    // 1,900, and 1 % more for each window since.
    expect(used).toBeLessThanOrEqual(1_950);
    expect(used).toBeGreaterThanOrEqual(1_850);
  });

  it('counts of a clock that was set back since are not believed', async () => {
    const { clock, start, spend } = machine();
    await spend(start());
    const limiter = start(undefined, () => clock.now() - hour);
    expect(await spend(limiter, 100)).toBe(100);
  });

  it('counts that are older than the window hold nobody up', async () => {
    const { clock, start, spend } = machine();
    await spend(start());
    await clock.advance(615_000);
    expect(await spend(start())).toBe(9_990);
  });

  it('other mailboxes, tenants and apps are as they were', async () => {
    const { store, clock, start, spend } = machine();
    await spend(start());
    const limiter = start();
    await limiter.acquire({ ...key, mailboxId: 'other' }, { maxWait: 0 });
    await limiter.acquire({ ...key, tenantId: 'other' }, { maxWait: 0 });
    const app = createLimiter({ clock, random: () => 0, kept: { store, clientId: 'other' } });
    await app.acquire(key, { maxWait: 0 });
  });
});

it('ten minutes never hold more requests than the service allows, whatever the load and however often it restarts', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ burst: fc.integer({ min: 1, max: 4_000 }) }) },
    { weight: 4, arbitrary: fc.record({ pause: fc.integer({ min: 1, max: 300_000 }) }) },
    { weight: 2, arbitrary: fc.constantFrom({ end: 'close' }, { end: 'crash' }) },
    { weight: 1, arbitrary: fc.record({ refusal: fc.integer({ min: 0, max: 60_000 }) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 25 }), async (steps) => {
      const { clock, start, spend, refuse } = machine();
      const sent: number[] = [];
      let limiter = start();
      for (const each of steps) {
        if ('burst' in each) await spend(limiter, each.burst, () => sent.push(clock.now()));
        else if ('pause' in each) await clock.advance(each.pause);
        else if ('refusal' in each) {
          await refuse(limiter, { retryAfter: each.refusal, reason: 'quota' });
          sent.push(clock.now());
        } else {
          if (each.end === 'close') await limiter.close();
          limiter = start();
        }
      }
      const over = sent.findIndex((time, index) => time - (sent[index - 10_000] ?? -1) < 600_000);
      expect(over).toBe(-1);
    }),
    { numRuns: 40, seed: 20260105 },
  );
}, 120_000);

describe('without a store', () => {
  it('a mailbox whose quota an earlier process spent costs one refusal, and not four', async () => {
    const clock = virtualClock();
    const limiter = createLimiter({ clock, random: () => 0 });
    const until = clock.now() + 300_000;
    let refused = 0;
    const work = Array.from({ length: 8 }, async () => {
      for (;;) {
        const permit = await limiter.acquire(key, patient);
        const isSpent = clock.now() < until;
        await clock.wait(100);
        permit.report(
          isSpent ? { kind: 'throttled', retryAfter: 300_000, reason: 'quota' } : { kind: 'accepted' },
        );
        permit.release();
        if (!isSpent) return;
        refused++;
      }
    });
    await clock.run(Promise.all(work));
    expect(refused).toBe(1);
  });

  it('and one that was not used yet is not slowed down by that', async () => {
    const clock = virtualClock();
    const limiter = createLimiter({ clock, random: () => 0 });
    const start = clock.now();
    const work = Array.from({ length: 41 }, async () => {
      const permit = await limiter.acquire(key, patient);
      await clock.wait(100);
      permit.report({ kind: 'accepted' });
      permit.release();
    });
    await clock.run(Promise.all(work));
    expect(clock.now() - start).toBe(1_100);
  });
});

describe('a store', () => {
  it('gets no id, and nothing but numbers', async () => {
    const { values, start, refuse } = machine();
    await refuse(start(), { retryAfter: 1_000, reason: 'quota' });
    expect(values.size).toBe(1);
    for (const [name, value] of values) {
      expect(name).toMatch(/^[\w-]{43}$/);
      expect(value).not.toMatch(/[0-9a-f]{8}-/);
      expect(value.length).toBeLessThan(1_000);
    }
  });

  it('is asked once for a mailbox, and written to every ten seconds or 250 requests', async () => {
    const { calls, clock, start, spend } = machine();
    const limiter = start();
    for (let second = 0; second < 100; second++) {
      await spend(limiter, 10);
      await clock.advance(1_000);
    }
    expect(calls).toEqual({ load: 1, save: 10 });
    await spend(limiter, 2_500);
    await clock.advance(1);
    expect(calls.save).toBeLessThanOrEqual(21);
  });

  it.each<[string, Partial<LimiterStore>]>([
    [
      'fails',
      { load: () => Promise.reject(new Error('canary')), save: () => Promise.reject(new Error('canary')) },
    ],
    [
      'throws',
      {
        load() {
          throw new Error('canary');
        },
        save() {
          throw new Error('canary');
        },
      },
    ],
    ['gives something else', { load: async () => ({ at: 'yesterday', quota: { counts: [-1] } }) }],
    ['gives nonsense', { load: async () => 'canary' }],
  ])('that %s stops no mail', async (_name, broken) => {
    const { start, spend, store } = machine();
    const limiter = start({ ...store, ...broken });
    expect(await spend(limiter)).toBe(9_990);
    await limiter.close();
  });

  it('that never answers stops no mail for longer than five seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { start } = machine();
      const limiter = start({
        load: () => new Promise(() => undefined),
        save: () => new Promise(() => undefined),
      });
      const acquired = limiter.acquire(key, patient);
      await vi.advanceTimersByTimeAsync(5_000);
      (await acquired).release();
      const closed = limiter.close();
      await vi.advanceTimersByTimeAsync(10_000);
      await closed;
    } finally {
      vi.useRealTimers();
    }
  });

  it('that is slow does not keep a caller who gives up, nor make two gates of one mailbox', async () => {
    const { start, store } = machine();
    let answer = () => {};
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const limiter = start({ ...store, load: () => asked.then(() => undefined) });
    const leaver = new AbortController();
    const left = limiter.acquire(key, { ...patient, signal: leaver.signal });
    const five = Array.from({ length: 5 }, () => limiter.acquire(key, patient));
    leaver.abort();
    expect(await failure(left)).toMatchObject({ code: 'aborted' });
    for (let index = 0; index < 20; index++)
      void limiter.acquire({ ...key, mailboxId: `other ${index}` }, patient);
    answer();
    const admitted: Permit[] = [];
    for (const each of five) void each.then((permit) => admitted.push(permit));
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    await settled();
    expect(admitted).toHaveLength(1);
    admitted[0]?.report({ kind: 'accepted' });
    await settled();
    expect(admitted).toHaveLength(4);
  });
});

describe('a provider with a store', () => {
  const { server, calls } = wire();
  const folder = { tenantId, mailboxId };

  it('does not go back to a mailbox before its time, when a new process takes over', async () => {
    const { store } = memoryStore();
    const random = mulberry(1);
    server.use(
      http.get(`${graph}/users/:id/mailFolders`, () =>
        HttpResponse.json(
          { error: { code: 'TooManyRequests' } },
          { status: 429, headers: { 'retry-after': '600' } },
        ),
      ),
    );
    const read = async (provider: ReturnType<typeof connect>['provider']) => {
      for await (const _page of provider.mail.folders(folder)) return;
    };
    const first = connect({ limiterStore: store, random });
    const error = await first.clock.run(failure(read(first.provider)));
    expect(ConnectorError.is(error, 'throttled')).toBe(true);
    const sent = calls().length;
    await first.provider.close?.();
    const second = connect({ limiterStore: store, random, clock: first.clock });
    expect(await first.clock.run(failure(read(second.provider)))).toMatchObject({ retryAt: error.retryAt });
    expect(calls()).toHaveLength(sent);
  });
});
