// Stores a message of 150 MB and writes how much more memory the process then had at its peak: `store-large.ts <directory>`.
import { filesystemArchive } from '../../src/filesystem/index.ts';
import { storeLarge } from './large-message.ts';

const [directory = ''] = process.argv.slice(2);
console.log(JSON.stringify(await storeLarge(filesystemArchive({ directory }))));
