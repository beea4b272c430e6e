import { afterEach, expect, it } from 'vitest';
import { heldBytes, slowContent } from './node/held-bytes.ts';
import { message } from './node/messages.ts';
import { closeArchives, openArchive } from './node/s3-archive.ts';

afterEach(closeArchives);

const MESSAGES = 20;
// What the options of the archive promise.
const BUDGET = 64 * 2 ** 20;

it('many large messages at once keep the process within its memory, and all of them are stored', async () => {
  const { archive } = await openArchive();
  const rest = Promise.withResolvers<void>();
  const all = Array.from({ length: MESSAGES }, () => slowContent(104, rest.promise));
  const before = await heldBytes();
  const stored = all.map(({ content }, index) => archive.store(message(`${index}`), content));
  const taken = () => all.reduce((sum, content) => sum + content.taken(), 0);
  let held = 0;
  for (let seen = -1; seen < taken(); ) {
    seen = taken();
    held = Math.max(held, (await heldBytes()) - before);
  }
  rest.resolve();
  for (const [index, { bytes }] of (await Promise.all(stored)).entries())
    expect(bytes).toBe(all[index]?.bytes);
  expect(held).toBeLessThan(BUDGET);
});
