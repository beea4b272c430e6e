// Stores the same messages as other processes do, each with bytes of its own: `store-same.ts <directory> <name> <count>`.
import { filesystemArchive } from '../../src/filesystem/index.ts';
import { message } from './messages.ts';

const [directory = '', name = '', count] = process.argv.slice(2);
const archive = filesystemArchive({ directory });
for (let index = 0; index < Number(count); index++) {
  const content = ReadableStream.from<Uint8Array>([Buffer.from(`message ${index} of ${name}`)]);
  console.log((await archive.store(message(`m${index}`), content)).sha256);
}
