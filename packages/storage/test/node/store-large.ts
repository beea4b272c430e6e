// Stores a message of 150 MB and writes how much more memory the process then had at its peak: `store-large.ts <directory>`.
import { filesystemArchive } from '../../src/filesystem/index.ts';
import { contentOf, message } from './messages.ts';

const SIZE = 150 * 2 ** 20;
const [directory = ''] = process.argv.slice(2);
const archive = filesystemArchive({ directory });
await archive.store(message('warm-up'), contentOf('warm-up'));
const before = process.memoryUsage.rss();
let sent = 0;
const { bytes } = await archive.store(
  message('large'),
  new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (sent >= SIZE) return controller.close();
        controller.enqueue(new Uint8Array(65_536));
        sent += 65_536;
      },
    },
    { highWaterMark: 0 },
  ),
);
const peak = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ bytes, megabytes: Math.round((peak - before) / 2 ** 20) }));
