import { expect, it } from 'vitest';
import { memoryStorage } from '../src/index.ts';
import { createLeases } from '../src/lease.ts';
import { virtualClock } from '../src/testing/index.ts';

const forever = { signal: new AbortController().signal };

const setup = () => {
  const storage = memoryStorage();
  const clock = virtualClock();
  return { storage, clock, leases: createLeases(storage, clock) };
};

it('keeps work of the same key apart, however long it takes', async () => {
  const { clock, storage, leases } = setup();
  const other = createLeases(storage, clock);
  const first = leases.hold('key', forever, () => clock.wait(100_000));
  await clock.advance(60_000);
  expect(await other.hold('key', forever, async () => 'ran')).toMatchObject({ taken: false });
  await clock.advance(60_000);
  expect(await first).toMatchObject({ taken: true });
  expect(await other.hold('key', forever, async () => 'ran')).toEqual({ taken: true, result: 'ran' });
});

it('gives the work of a killed process to the next one within 15 seconds', async () => {
  const { clock, storage, leases } = setup();
  // A killed process renews nothing: the record stays, and runs out.
  await storage.put('leases', 'key', { owner: 'killed', epoch: 7, expiresAt: clock.now() + 15_000 });
  const refused = await leases.hold('key', forever, async () => 'ran');
  expect(refused).toEqual({ taken: false, until: clock.now() + 15_000 });
  await clock.advance(15_000);
  expect(await leases.hold('key', forever, async () => 'ran')).toMatchObject({ taken: true });
});

it('stops work whose lease somebody else has taken', async () => {
  const { clock, storage, leases } = setup();
  let reason: unknown;
  const held = leases.hold('key', forever, async ({ signal }) => {
    await clock.wait(100_000, { signal }).catch((error: unknown) => {
      reason = error;
    });
  });
  await clock.advance(1_000);
  await storage.put('leases', 'key', { owner: 'another', epoch: 9, expiresAt: clock.now() + 15_000 });
  await clock.advance(10_000);
  await held;
  expect(reason).toMatchObject({ code: 'conflict' });
  expect((await storage.get('leases', 'key'))?.value).toMatchObject({ owner: 'another' });
});

it('frees the key at once when the work fails', async () => {
  const { leases } = setup();
  await expect(leases.hold('key', forever, async () => Promise.reject(new Error('broken')))).rejects.toThrow(
    'broken',
  );
  expect(await leases.hold('key', forever, async () => 'ran')).toMatchObject({ taken: true });
});

it('gives each holder a higher epoch than all before, also after a release', async () => {
  const { leases } = setup();
  const epochs: number[] = [];
  for (let turn = 0; turn < 3; turn++)
    await leases.hold('key', forever, async ({ epoch }) => void epochs.push(epoch));
  expect(epochs).toEqual([1, 2, 3]);
});

it('stops work before its term is over when the storage does not answer', async () => {
  const { clock, storage, leases } = setup();
  const put = storage.put;
  let reason: unknown;
  let stoppedAt = 0;
  const start = clock.now();
  const held = leases.hold('key', forever, async ({ signal }) => {
    storage.put = () => new Promise(() => {});
    await clock.wait(100_000, { signal }).catch((error: unknown) => {
      reason = error;
      stoppedAt = clock.now() - start;
    });
    storage.put = put;
  });
  await clock.advance(60_000);
  await held;
  expect(reason).toMatchObject({ code: 'aborted' });
  expect(stoppedAt).toBeLessThan(15_000);
});

it('stops work that is no longer wanted, at the next renewal', async () => {
  const { clock, leases } = setup();
  let reason: unknown;
  const stillWanted = async () => Promise.reject(new Error('ended elsewhere'));
  const held = leases.hold('key', { ...forever, stillWanted }, async ({ signal }) => {
    await clock.wait(100_000, { signal }).catch((error: unknown) => {
      reason = error;
    });
  });
  await clock.advance(5_000);
  await held;
  expect(reason).toMatchObject({ message: 'ended elsewhere' });
});

it('does not turn finished work into a failure when the release fails', async () => {
  const { storage, leases } = setup();
  const result = await leases.hold('key', forever, async () => {
    storage.put = async () => Promise.reject(new Error('storage is gone'));
    return 'done';
  });
  expect(result).toEqual({ taken: true, result: 'done' });
});

it('waits until nobody works any more under such a key: for the last holder, or the term of one that died', async () => {
  const { clock, storage, leases } = setup();
  const one = leases.hold('c1/a', forever, () => clock.wait(3_000));
  void leases.hold('c2/a', forever, () => clock.wait(60_000));
  await clock.advance(1);
  const began = clock.now();
  await clock.run(leases.released('c1/'));
  await one;
  expect(clock.now() - began).toBeLessThan(4_000);
  await storage.put('leases', 'c1/dead', { owner: 'x', epoch: 9, expiresAt: clock.now() + 15_000 });
  const from = clock.now();
  await clock.run(leases.released('c1/'));
  expect(clock.now() - from).toBeGreaterThanOrEqual(15_000);
});
