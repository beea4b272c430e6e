import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Clock,
  type Connection,
  type Connector,
  ConnectorError,
  createConnector,
  type DirectoryKind,
  type DirectorySink,
  type Logger,
  type MailArchive,
  type Provider,
  type StorageAdapter,
} from '@mailsphere/core';
import { office365, type Office365Options as ProviderOptions } from '@mailsphere/office365';
import { createLocalEngine } from '@mailsphere/scheduler';
import { filesystemArchive } from '@mailsphere/storage/filesystem';
import { openSqlite, sqliteDirectory, sqliteStorage } from '@mailsphere/storage/sqlite';

/** An app registration: one at Microsoft, or the simulator's. */
export type Registration = Pick<ProviderOptions, 'clientId' | 'credential' | 'cloud'>;

/** Microsoft 365, as one app registration reaches it. One provider serves the tenants of all organizations. */
export const createProvider = (registration: Registration, clock?: Clock): Provider =>
  office365({ ...registration, clock });

/** How many entries, and how many addresses, the tables hold. */
export type DirectoryTotals = Readonly<Record<DirectoryKind | 'address', number>>;

/** Where state, directory and mail go. */
export interface Stores {
  readonly storage: StorageAdapter;
  /** Tables that can also say how many of each they hold. */
  readonly directory: DirectorySink & {
    counts(connectionId: string): Promise<DirectoryTotals>;
  };
  readonly archive: MailArchive;
}

/** Everything in one folder: SQLite for state and directory, files for mail. */
export function openFolder(directory: string): Stores & { close(): Promise<void> } {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const database = openSqlite({ path: join(directory, 'mailsphere.sqlite') });
  const archive = filesystemArchive({ directory: join(directory, 'mail') });
  return {
    storage: sqliteStorage(database),
    directory: sqliteDirectory(database),
    archive,
    async close() {
      await archive.close?.();
      await database.close();
    },
  };
}

export interface Office365Parts extends Stores {
  readonly provider: Provider;
  /** Where `connector.handler` is mounted, as browsers reach it. */
  readonly baseUrl: string;
  /** Who is at the browser, by the host's own session. */
  readonly personId: (cookieHeader: string | null) => string | undefined;
  /** Whether this person may connect and disconnect the organization. */
  readonly mayManage: (personId: string, organizationId: string) => boolean;
  readonly logger: Logger;
  readonly clock: Clock;
}

export type UserSyncOptions = { readonly full: true } | { readonly allowRemovals: true };

/** What the host's pages work with. */
export interface Office365 {
  readonly connector: Connector;
  readonly provider: Provider;
  readonly directory: Stores['directory'];
  /** The organization's connection as it is now. */
  connectionOf(organizationId: string): Promise<Connection | undefined>;
  /** The connections of all organizations of a partner, by organization. */
  connectionsOf(partnerId: string): Promise<ReadonlyMap<string, Connection>>;
  /** User Sync, now: in the background. */
  syncUsers(connectionId: string): Promise<void>;
  /** The same, and reads everything anew, or removes what is held. Its outcome is among the runs. */
  startUserSync(connectionId: string, options: UserSyncOptions): void;
  isSyncingUsers(connectionId: string): boolean;
  /** Work that has just become due begins now, and not at the engine's next look. */
  wake(): void;
  close(): Promise<void>;
}

/** The SDK in this host: a connector, and an engine that does what is due. */
export function createOffice365(options: Office365Parts): Office365 {
  const { provider, storage, directory, archive, baseUrl, personId, mayManage, logger, clock } = options;

  const connector = createConnector({
    providers: [provider],
    storage,
    directory,
    archive,
    baseUrl,
    hooks: {
      authorize(request, { connection }) {
        const id = personId(request.headers.get('cookie'));
        // To somebody of another partner it is as if the connection did not exist.
        return id !== undefined && mayManage(id, connection.organizationId) ? id : undefined;
      },
    },
    logger,
    clock,
  });
  const engine = createLocalEngine({ connector, logger, clock });
  const closing = new AbortController();
  // What people asked for, and has not ended: asking twice is asking once.
  const asked = new Map<string, { readonly connectionId: string; readonly ended: Promise<void> }>();
  const sync = async (connectionId: string, how: UserSyncOptions) => {
    try {
      await connector.directory.sync(connectionId, { ...how, signal: closing.signal });
    } catch (error) {
      const code = ConnectorError.is(error) ? error.code : 'unexpected';
      if (!closing.signal.aborted) logger.warn({ connectionId, code }, 'User Sync did not come to its end.');
    }
  };
  logEvents(connector, logger);
  // A connection that has just become active need not wait for the engine's next look.
  connector.events.on('connection.activated', engine.wake);
  engine.start();

  return {
    connector,
    provider,
    directory,
    connectionOf: (organizationId) => connector.connections.ofOrganization(organizationId),
    async connectionsOf(partnerId) {
      const found = new Map<string, Connection>();
      for await (const connection of connector.connections.list({ partnerId })) {
        const { organizationId } = connection;
        found.set(organizationId, preferred(found.get(organizationId), connection));
      }
      return found;
    },
    async syncUsers(connectionId) {
      await connector.directory.request(connectionId);
      engine.wake();
    },
    startUserSync(connectionId, how) {
      const key = JSON.stringify([connectionId, how]);
      if (asked.has(key)) return;
      const ended = sync(connectionId, how).finally(() => asked.delete(key));
      asked.set(key, { connectionId, ended });
    },
    isSyncingUsers: (connectionId) =>
      [...asked.values()].some((one) => one.connectionId === connectionId) ||
      engine.running.some((task) => task.kind === 'directory.sync' && task.connectionId === connectionId),
    wake: engine.wake,
    async close() {
      closing.abort();
      await engine.stop();
      await connector.close();
      await Promise.all([...asked.values()].map(({ ended }) => ended));
    },
  };
}

/** An organization that had another tenant before keeps the old connection as a disconnected one. */
function preferred(one: Connection | undefined, other: Connection): Connection {
  if (one === undefined) return other;
  if (one.status === 'disconnected' && other.status === 'disconnected')
    return one.registeredAt > other.registeredAt ? one : other;
  return one.status === 'disconnected' ? other : one;
}

/** A real host would also send mail to whoever must act. Ids and codes only: no addresses, no names. */
function logEvents({ events }: Connector, logger: Logger): void {
  events.on('connection.activated', ({ connection: { id, authorized } }) =>
    logger.info({ connectionId: id, byLink: authorized?.byLink }, 'Connected.'),
  );
  events.on('connection.reauthorization_required', ({ connection: { id }, code }) =>
    logger.warn({ connectionId: id, code }, 'An administrator of the tenant must authorise again.'),
  );
  events.on('connection.permissions_changed', ({ connection: { id, disabled = [] } }) =>
    logger.warn(
      { connectionId: id, off: disabled.map(({ capability }) => capability) },
      'Permissions changed.',
    ),
  );
  events.on('connection.disconnected', ({ connection: { id } }) =>
    logger.info({ connectionId: id }, 'Disconnected.'),
  );
  events.on('token.refresh_failed', ({ connectionId, error: { code, serviceCode } }) =>
    logger.warn({ connectionId, code, serviceCode }, 'A token could not be renewed.'),
  );
  events.on('credential.expiring', ({ days }) =>
    logger.error({ days }, "The app registration's own credential ends soon: renew it in the portal."),
  );
  events.on('directory.synced', ({ run: { connectionId, counts } }) =>
    logger.info({ connectionId, users: counts.user, groups: counts.group }, 'User Sync done.'),
  );
  events.on('directory.held', ({ run: { connectionId, held } }) =>
    logger.warn({ connectionId, held }, 'So many removals are not believed before somebody has looked.'),
  );
}
