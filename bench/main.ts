import { benchArchive } from './archive.ts';
import { benchLimiter } from './limiter.ts';
import { print } from './report.ts';

print('Limiter: one mailbox, one virtual hour, the server as named', await benchLimiter());
print(
  'Archive: 2,000 messages of 75 KB, 16 writers, five rounds in turn with the peer, median',
  await benchArchive(),
);
