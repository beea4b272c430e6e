// Starts a server, writes its folder and address, and waits to be killed.
import { startPostgres } from '../postgres-server.ts';

const { folder, url } = await startPostgres();
console.log(folder);
console.log(url);
