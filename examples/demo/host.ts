import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Connector, createConnector } from '@mailsphere/core';
import { toNodeHandler } from '@mailsphere/core/node';
import { office365 } from '@mailsphere/office365';
import { filesystemArchive } from '@mailsphere/storage/filesystem';
import { openSqlite, sqliteDirectory, sqliteStorage } from '@mailsphere/storage/sqlite';
import type { SimulatorAddress } from './simulator-process.ts';

/** A host application in one process: state and directory in SQLite, mail in a folder, its pages on loopback. */
export async function createHost(directory: string, simulator: SimulatorAddress) {
  const databaseFile = join(directory, 'mailsphere.sqlite');
  const mailFolder = join(directory, 'mail');
  const database = openSqlite({ path: databaseFile });
  const tables = sqliteDirectory(database);
  const archive = filesystemArchive({ directory: mailFolder });
  const provider = office365({
    clientId: simulator.clientId,
    credential: { secret: simulator.secret },
    cloud: { login: simulator.login, graph: simulator.graph },
  });

  let handler: Connector['handler'] = async () => new Response(null, { status: 503 });
  const pages = toNodeHandler((request) => handler(request));
  const server = createServer((request, response) => {
    if (request.url === '/') response.end('The tenant is connected.');
    else pages(request, response);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/connect`;

  const connector = createConnector({
    providers: [provider],
    storage: sqliteStorage(database),
    directory: tables,
    archive,
    baseUrl,
    // Every message that the simulator has is to be in the folder, so that it can be compared.
    mailSync: { drafts: true, quietHours: { mode: 'always' } },
    // A real host asks its own session here.
    hooks: { authorize: () => 'demo-user' },
  });
  handler = connector.handler;

  return {
    connector,
    tables,
    archive,
    baseUrl,
    databaseFile,
    mailFolder,
    async close() {
      await connector.close();
      await provider.close?.();
      server.close();
      server.closeAllConnections();
      await archive.close?.();
      await database.close();
    },
  };
}
