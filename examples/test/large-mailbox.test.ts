import { expect, it } from 'vitest';
import { measureMailbox } from '../../bench/mailbox.ts';

it('a mailbox of 50,000 messages and 1,000 folders holds no more memory than a tenth of it, peaks little higher, and writes small checkpoints', async () => {
  const small = await measureMailbox({ messages: 5_000, folders: 100 });
  const large = await measureMailbox({ messages: 50_000, folders: 1_000 });
  expect(large.pages).toBeGreaterThan(1_000);
  expect(large.heldMemory / small.heldMemory).toBeLessThan(1.2);
  expect(large.peakMemory / small.peakMemory).toBeLessThan(1.5);
  // A record lists a hundred folders; those of pages are smaller.
  expect(large.largest).toBeLessThan(15_000);
  expect(large.written / large.pages).toBeLessThan(4_000);
}, 120_000);
