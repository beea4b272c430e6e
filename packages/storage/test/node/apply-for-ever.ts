// Writes one user over and over until it is refused, and writes why: `apply-for-ever.ts <file> <epoch> <times>`.
import { ConnectorError } from '@mailsphere/core';
import { openSqlite, sqliteDirectory } from '../../src/sqlite/index.ts';

const [path = '', epoch = '', times = ''] = process.argv.slice(2);
const database = openSqlite({ path });
const directory = sqliteDirectory(database);
let outcome = 'done';
try {
  for (let time = 0; time < Number(times); time++) {
    await directory.apply({
      connectionId: 'one',
      kind: 'user',
      generation: 1,
      epoch: Number(epoch),
      changes: [
        {
          type: 'upserted',
          item: {
            kind: 'user',
            id: 'u1',
            userPrincipalName: 'u1@contoso.example',
            displayName: `by ${epoch}`,
            userType: 'member',
            enabled: true,
            licensed: true,
            mailboxKind: 'user',
            addresses: [],
            otherAddresses: [],
          },
        },
      ],
      sweep: false,
    });
    // The other process gets its turn: the lock of SQLite knows no queue.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
} catch (error) {
  outcome = ConnectorError.is(error) ? error.code : String(error);
}
await database.close();
console.log(outcome);
