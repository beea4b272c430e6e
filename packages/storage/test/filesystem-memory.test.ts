import { expect, it } from 'vitest';
import { filesystemArchive } from '../src/filesystem/index.ts';
import { heldBytes, slowContent } from './node/held-bytes.ts';
import { message } from './node/messages.ts';
import { temporaryFolder } from './node/temporary-folder.ts';

const MESSAGES = 256;
// 64 buffers of 256 KiB, and something for what is not gathered.
const BUDGET = 20 * 2 ** 20;

it('many large messages at once, all of which fall silent, keep the process within its memory', async () => {
  const archive = filesystemArchive({ directory: temporaryFolder() });
  const rest = Promise.withResolvers<void>();
  const all = Array.from({ length: MESSAGES }, () => slowContent(5, rest.promise));
  const before = await heldBytes();
  const stored = all.map(({ content }, index) => archive.store(message(`${index}`), content));
  await Promise.all(all.map(({ waits }) => waits));
  const held = (await heldBytes()) - before;
  rest.resolve();
  for (const [index, { bytes }] of (await Promise.all(stored)).entries())
    expect(bytes).toBe(all[index]?.bytes);
  expect(held).toBeLessThan(BUDGET);
});
