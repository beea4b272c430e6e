import type { MailArchive } from '@mailsphere/core';
import { contentOf, message } from './messages.ts';

export const LARGE = 150 * 2 ** 20;

/** Stores a message of 150 MB, and tells how much more memory the process then had at its peak. */
export async function storeLarge(archive: MailArchive) {
  await archive.store(message('warm-up'), contentOf('warm-up'));
  const before = process.memoryUsage.rss();
  let sent = 0;
  const stored = await archive.store(
    message('large'),
    new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (sent >= LARGE) return controller.close();
          controller.enqueue(new Uint8Array(65_536));
          sent += 65_536;
        },
      },
      { highWaterMark: 0 },
    ),
  );
  const peak = process.resourceUsage().maxRSS * 1024;
  return { ...stored, megabytes: Math.round((peak - before) / 2 ** 20) };
}
