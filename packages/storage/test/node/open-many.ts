// Stores many messages at once with too few files, then one, and writes what happened: `open-many.ts <directory>`.
import { filesystemArchive } from '../../src/filesystem/index.ts';
import { contentOf, message } from './messages.ts';

const [directory = ''] = process.argv.slice(2);
const archive = filesystemArchive({ directory });
await archive.store(message('first'), contentOf('first'));
const ids = Array.from({ length: 200 }, (_, index) => `m${index}`);
const outcomes = await Promise.allSettled(ids.map((id) => archive.store(message(id), contentOf(id))));
const refused = outcomes
  .filter((outcome) => outcome.status === 'rejected')
  .map(({ reason }) => String(reason.message));
const messages = [...new Set(refused)];
for (const id of ids) await archive.store(message(id), contentOf(id));
console.log(
  JSON.stringify({ refused: refused.length, messages, missing: await archive.missing(message(''), ids) }),
);
