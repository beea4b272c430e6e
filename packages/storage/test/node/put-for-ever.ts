// Puts records until it is killed, and writes the id of each that is stored: `put-for-ever.ts <database>`.
import { openSqlite, sqliteStorage } from '../../src/sqlite/index.ts';

const [path = ''] = process.argv.slice(2);
const storage = sqliteStorage(openSqlite({ path }));
for (let index = 0; ; index++) {
  const id = String(index).padStart(9, '0');
  await storage.put('things', id, { id });
  console.log(id);
}
