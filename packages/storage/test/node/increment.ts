// Raises a counter by compare-and-set, as often as it is told: `increment.ts <database> <times>`.
import { ConnectorError } from '@mailsphere/core';
import { openSqlite, sqliteStorage } from '../../src/sqlite/index.ts';

const [path = '', times] = process.argv.slice(2);
const database = openSqlite({ path });
const storage = sqliteStorage(database);
let lost = 0;
for (let done = 0; done < Number(times); ) {
  const record = await storage.get('counters', 'a');
  try {
    await storage.put('counters', 'a', Number(record?.value ?? 0) + 1, {
      ifVersion: record?.version ?? null,
    });
    done++;
  } catch (error) {
    if (!ConnectorError.is(error, 'conflict')) throw error;
    lost++;
  }
}
await database.close();
console.log(lost);
