import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  type Connector,
  type ConnectorOptions,
  createConnector,
  type Hooks,
  memoryArchive,
  memoryDirectory,
  memoryStorage,
  type StorageAdapter,
} from '@mailsphere/core';
import { toNodeHandler } from '@mailsphere/core/node';
import { virtualClock } from '@mailsphere/core/testing';
import { fetchTransport, type Office365Options, office365 } from '@mailsphere/office365';
import {
  type Browser,
  createBrowser,
  createSimulator,
  type SimulatorOptions,
  type View,
} from '@mailsphere/simulator';
import express from 'express';

export interface HouseOptions {
  readonly storage?: StorageAdapter;
  readonly simulator?: SimulatorOptions;
  readonly provider?: Partial<Office365Options>;
  readonly connector?: Partial<Omit<ConnectorOptions, 'hooks'>>;
  readonly hooks?: Partial<Hooks>;
}

/** A browser of one person, with the session of one user of the host, or of nobody. */
export interface Person extends Browser {
  /** Opens the host's own link to connect, and stops at the first page that asks something. */
  begin(connectionId: string, parameters?: Readonly<Record<string, string>>): Promise<View>;
  /** Signs in at Microsoft, from its page. */
  signIn(view: View, username: string): Promise<View>;
  /** The whole way: sign in, accept, wait, confirm. Ends at the host's own page, or where it was refused. */
  authorize(connectionId: string, username: string): Promise<View>;
}

/**
 * A host as people meet it: an Express app with sessions on a real port, the connector mounted at `/connect`, and Microsoft 365
 * played by the simulator. Host and Microsoft share a clock that stands still until it is moved.
 */
export async function createHouse(options: HouseOptions = {}) {
  const clock = virtualClock();
  const simulator = createSimulator({
    clock,
    limits: false,
    tenants: ['contoso', 'fabrikam'].map((name) => ({ name, users: 8, messagesPerUser: 2 })),
    ...options.simulator,
  });
  const [contoso, fabrikam] = simulator.tenants;
  if (!contoso || !fabrikam) throw new Error('There are two tenants.');

  // What the connector sends to Microsoft, as `POST path`.
  const sent: string[] = [];
  const provider = office365({
    clientId: simulator.app.clientId,
    credential: { secret: simulator.app.secret },
    transport: fetchTransport((request) => {
      sent.push(`${request.method} ${new URL(request.url).pathname}`);
      return simulator.fetch(request);
    }),
    clock,
    random: () => 0.5,
    ...options.provider,
  });

  let handler: Connector['handler'] = async () => new Response(null, { status: 503 });
  const app = express();
  app.get('/session/:user', (request, response) => {
    response.cookie('session', request.params.user, { httpOnly: true, sameSite: 'lax' }).send('signed in');
  });
  app.use(
    '/connect',
    toNodeHandler((request) => handler(request)),
  );
  app.use((request, response) => void response.send(`page ${request.path}`));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const storage = options.storage ?? memoryStorage();
  const directory = memoryDirectory();
  const archive = memoryArchive();
  const createProcess = (more: Partial<ConnectorOptions> = {}) =>
    createConnector({
      providers: [provider],
      storage,
      directory,
      archive,
      baseUrl: `${origin}/connect`,
      clock,
      ...options.connector,
      ...more,
      hooks: { authorize: sessionOf, ...options.hooks },
    });
  const connector = createProcess();
  handler = connector.handler;

  /** A person at a browser. Without `user`, nobody is signed in at the host. */
  const person = async (user?: string): Promise<Person> => {
    const browser = createBrowser({
      fetch: (request) =>
        new URL(request.url).origin === origin ? fetch(request) : simulator.fetch(request),
    });
    if (user !== undefined) await browser.open(`${origin}/session/${user}`);
    const begin: Person['begin'] = (connectionId, parameters = {}) =>
      browser.open(`${origin}/connect/begin?${new URLSearchParams({ connectionId, ...parameters })}`);
    const signIn: Person['signIn'] = (view, username) => browser.submit(view, 'Next', { username });
    return {
      ...browser,
      begin,
      signIn,
      async authorize(connectionId, username) {
        let view = await begin(connectionId);
        // Whoever signed in before in this browser is not asked again.
        if (view.html.includes('>Next</button>')) view = await signIn(view, username);
        if (view.html.includes('>Accept</button>')) view = await browser.submit(view, 'Accept');
        if (!view.html.includes('>Connect</button>')) return view;
        return browser.submit(view, 'Connect');
      },
    };
  };

  const register = async (organizationId = 'org-1', tenant = 'contoso') =>
    (await connector.connections.register({ organizationId, tenant })).id;
  const get = async (connectionId: string) => {
    const connection = await connector.connections.get(connectionId);
    if (!connection) throw new Error('There is such a connection.');
    return connection;
  };
  const close = async () => {
    await connector.close();
    await provider.close?.();
    server.close();
    server.closeAllConnections();
  };
  return {
    clock,
    simulator,
    contoso,
    fabrikam,
    sent,
    provider,
    storage,
    directory,
    archive,
    origin,
    connector,
    createProcess,
    person,
    register,
    get,
    close,
    [Symbol.asyncDispose]: close,
  };
}

export type House = Awaited<ReturnType<typeof createHouse>>;

function sessionOf(request: Request): string | undefined {
  return /(?:^|;\s*)session=([\w-]+)/.exec(request.headers.get('cookie') ?? '')?.[1];
}
