// Looks through a mailbox whose files are all gone, and writes how many are absent and how much more memory that took at its end, which is
// to be run with `--expose-gc`: `verify-many.ts <directory> <messages>`.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { messagePlace } from '../../src/filesystem/archive-layout.ts';
import { filesystemArchive } from '../../src/filesystem/index.ts';
import { manifestFile, manifestLines } from '../../src/filesystem/manifest.ts';
import { message } from './messages.ts';

const [directory = '', messages = ''] = process.argv.slice(2);
const { mailbox } = messagePlace(directory, message('any'));
mkdirSync(mailbox, { recursive: true });
const manifest = openSync(manifestFile(mailbox), 'a');
for (let index = 0; index < Number(messages); index++) {
  const one = message(`m${index}`);
  const sum = { bytes: 1, sha256: '0'.repeat(64) };
  writeSync(manifest, manifestLines(one, messagePlace(directory, one), sum));
}
closeSync(manifest);
const used = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};
const before = used();
let atEnd = before;
let absent = 0;
for await (const { status } of filesystemArchive({ directory }).verify()) {
  if (status === 'absent') absent++;
  // Before it ends: then everything is let go of.
  if (absent === Number(messages)) atEnd = used();
}
console.log(JSON.stringify({ absent, megabytes: (atEnd - before) / 2 ** 20 }));
