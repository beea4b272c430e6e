// Stores messages until it is killed, and writes the id of each that is stored: `store-for-ever.ts <directory>`.
import { filesystemArchive } from '../../src/filesystem/index.ts';
import { contentOf, message } from './messages.ts';

const [directory = ''] = process.argv.slice(2);
const archive = filesystemArchive({ directory });
let next = 0;
const work = async () => {
  for (;;) {
    const id = `m${next++}`;
    await archive.store(message(id), contentOf(id));
    console.log(id);
  }
};
await Promise.all([work(), work(), work(), work()]);
