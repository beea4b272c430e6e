import { benchArchive } from './archive.ts';
import { benchBackfill } from './backfill.ts';
import { benchBurst } from './burst.ts';
import { benchDirectory, benchDirectoryPostgres } from './directory.ts';
import { benchLimiter } from './limiter.ts';
import { benchMailbox } from './mailbox.ts';
import { print, type Row } from './report.ts';
import { benchTokens } from './tokens.ts';

const benches: Readonly<Record<string, readonly [title: string, run: () => Promise<readonly Row[]>]>> = {
  limiter: [
    'Limiter in virtual time: of one mailbox the share of the quota used / of the requests refused; of tenants as named',
    benchLimiter,
  ],
  archive: [
    'Archive: 2,000 messages of 75 KB, 16 writers, five rounds in turn with the peer, median',
    benchArchive,
  ],
  backfill: [
    'Backfill: 75 KB each and one message of 150 MB, quotas off, the same by hand beside it',
    benchBackfill,
  ],
  burst: ['Burst: 64 mailboxes, four messages of each at once', benchBurst],
  mailbox: ['Large mailbox: every message is archived already', benchMailbox],
  tokens: ['Tokens: one provider, all tenants in memory, the sign-in service in this process', benchTokens],
  directory: ['Directory in SQLite: one tenant synced three times, the bare loop beside it', benchDirectory],
  'directory-postgres': [
    'Directory in PostgreSQL: one tenant synced three times, the bare loop beside it',
    benchDirectoryPostgres,
  ],
};

// Some by name, or all of them.
const names = process.argv.slice(2);
const unknown = names.find((name) => !Object.hasOwn(benches, name));
if (unknown !== undefined)
  throw new Error(`There is no benchmark '${unknown}': use ${Object.keys(benches).join(', ')}.`);
for (const [name, [title, run]] of Object.entries(benches))
  if (names.length === 0 || names.includes(name)) print(title, await run());
