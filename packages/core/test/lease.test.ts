import { expect, it } from 'vitest';
import { memoryStorage } from '../src/index.ts';
import { createLeases } from '../src/lease.ts';
import { virtualClock } from '../src/testing/index.ts';

const setup = () => {
  const storage = memoryStorage();
  const clock = virtualClock();
  return { storage, clock, leases: createLeases(storage, clock) };
};

it('keeps work of the same key apart, however long it takes', async () => {
  const { clock, storage, leases } = setup();
  const other = createLeases(storage, clock);
  const first = leases.hold('key', undefined, () => clock.wait(100_000));
  await clock.advance(60_000);
  expect(await other.hold('key', undefined, async () => 'ran')).toMatchObject({ taken: false });
  await clock.advance(60_000);
  expect(await first).toMatchObject({ taken: true });
  expect(await other.hold('key', undefined, async () => 'ran')).toEqual({ taken: true, result: 'ran' });
});

it('gives the work of a killed process to the next one within 15 seconds', async () => {
  const { clock, storage, leases } = setup();
  // A killed process renews nothing: the record stays, and runs out.
  await storage.put('leases', 'key', { owner: 'killed', expiresAt: clock.now() + 15_000 });
  const refused = await leases.hold('key', undefined, async () => 'ran');
  expect(refused).toEqual({ taken: false, until: clock.now() + 15_000 });
  await clock.advance(15_000);
  expect(await leases.hold('key', undefined, async () => 'ran')).toMatchObject({ taken: true });
});

it('stops work whose lease somebody else has taken', async () => {
  const { clock, storage, leases } = setup();
  let reason: unknown;
  const held = leases.hold('key', undefined, async (signal) => {
    await clock.wait(100_000, { signal }).catch((error: unknown) => {
      reason = error;
    });
  });
  await clock.advance(1_000);
  await storage.put('leases', 'key', { owner: 'another', expiresAt: clock.now() + 15_000 });
  await clock.advance(10_000);
  await held;
  expect(reason).toMatchObject({ code: 'conflict' });
  expect((await storage.get('leases', 'key'))?.value).toMatchObject({ owner: 'another' });
});

it('frees the key at once when the work fails', async () => {
  const { leases } = setup();
  await expect(
    leases.hold('key', undefined, async () => Promise.reject(new Error('broken'))),
  ).rejects.toThrow('broken');
  expect(await leases.hold('key', undefined, async () => 'ran')).toMatchObject({ taken: true });
});
