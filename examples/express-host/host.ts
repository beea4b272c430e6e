import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Clock,
  type Connector,
  ConnectorError,
  type Logger,
  type Provider,
  silentLogger,
  systemClock,
} from '@mailsphere/core';
import { createApp } from './app.ts';
import { createOffice365, type Stores } from './office365.ts';
import type { Organizations } from './organizations.ts';
import { createPeople, mayManage, type PersonWithPassword } from './people.ts';
import { createSessions } from './sessions.ts';

export interface HostOptions extends Stores {
  readonly provider: Provider;
  /** Where browsers reach the host: an origin. @default http://localhost and the port */
  readonly baseUrl?: string | undefined;
  /** Port on 127.0.0.1. @default any free one */
  readonly port?: number | undefined;
  readonly people: readonly PersonWithPassword[];
  readonly organizations: Organizations;
  /** Signs the session cookies: at least 32 characters that nobody can guess. */
  readonly sessionKey: string;
  /** @default silent */
  readonly logger?: Logger | undefined;
  /** @default the real time */
  readonly clock?: Clock | undefined;
}

export interface Host {
  /** Where browsers reach it. */
  readonly url: string;
  readonly connector: Connector;
  /** Stops the work and the pages. What was passed in stays open: whoever made it closes it. */
  close(): Promise<void>;
}

/**
 * A host application: its pages, with the SDK's pages at `/connect`.
 *
 * @throws ConnectorError `invalid_options` that names the field
 */
export async function createHost(options: HostOptions): Promise<Host> {
  const { provider, storage, directory, archive, organizations, sessionKey, port = 0 } = options;
  const { logger = silentLogger, clock = systemClock } = options;
  if (sessionKey.length < 32)
    throw new ConnectorError('invalid_options', 'createHost: sessionKey: must have at least 32 characters', {
      field: 'sessionKey',
    });
  const people = await createPeople(options.people, clock);

  const server = createServer();
  await listen(server, port);
  const close = async () => {
    server.close();
    server.closeAllConnections();
  };
  try {
    const url = options.baseUrl ?? `http://localhost:${(server.address() as AddressInfo).port}`;
    const { origin, protocol } = new URL(url);
    const sessions = createSessions({ key: sessionKey, secure: protocol === 'https:', clock });
    const office365 = createOffice365({
      provider,
      storage,
      directory,
      archive,
      baseUrl: `${origin}/connect`,
      personId: sessions.personId,
      mayManage(personId, organizationId) {
        const person = people.get(personId);
        const organization = organizations.get(organizationId);
        return person !== undefined && organization !== undefined && mayManage(person, organization);
      },
      logger,
      clock,
    });
    server.on('request', createApp({ origin, people, sessions, organizations, office365, logger }));
    const closeAll = async () => {
      await close();
      await office365.close();
    };
    return { url: origin, connector: office365.connector, close: closeAll };
  } catch (error) {
    await close();
    throw error;
  }
}

const listen = (server: ReturnType<typeof createServer>, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new ConnectorError(
          'invalid_options',
          `createHost: port: ${cause.code === 'EADDRINUSE' ? 'is used by another program' : 'cannot be used'}`,
          { cause, field: 'port' },
        ),
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
