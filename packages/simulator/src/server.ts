import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { adminSurface } from './admin-surface.ts';
import { RESET } from './fault.ts';
import { isBadlyDelivered } from './graph/bad-delivery.ts';
import { createSimulator, type Simulator } from './simulator.ts';
import type { SimulatorOptions } from './simulator-options.ts';

/** Where the server listens. */
export interface ServerOptions {
  /** A loopback address: the simulator signs anybody in, so nobody else may reach it. @default '127.0.0.1' */
  readonly host?: string;
  /** @default 0, any free port */
  readonly loginPort?: number;
  /** @default 0, any free port */
  readonly graphPort?: number;
  /** Key and certificate in PEM: both origins are https then. @default plain http */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A simulator behind two ports. */
export interface RunningServer {
  readonly simulator: Simulator;
  /** Origin of the sign-in service, e.g. `http://127.0.0.1:40001`. */
  readonly login: string;
  /** Origin of Graph; `/simulator/…` is beneath it. */
  readonly graph: string;
  /** Closes both ports and all connections. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/**
 * Starts a simulator on two loopback ports, one per origin. Given options, it makes the simulator once the ports are known;
 * given a simulator, it listens where that simulator says that it is.
 *
 * @throws RangeError for a host that is not a loopback address
 */
export async function startServer(
  given: Simulator | SimulatorOptions = {},
  options: ServerOptions = {},
): Promise<RunningServer> {
  const host = options.host ?? '127.0.0.1';
  if (!LOOPBACK.has(host))
    throw new RangeError(`host '${host}' is not a loopback address: use one of ${[...LOOPBACK].join(', ')}.`);
  const ready = 'fetch' in given ? given : undefined;
  let simulator: Simulator | undefined = ready;
  const servers = {
    login: listener(options.tls, () => simulator, 'login'),
    graph: listener(options.tls, () => simulator, 'graph'),
  };
  const close = async () => {
    await Promise.all(Object.values(servers).map(stop));
  };
  const scheme = options.tls === undefined ? 'http' : 'https';
  const shown = host === '::1' ? '[::1]' : host;
  try {
    const port = (service: 'login' | 'graph') =>
      ready === undefined ? (options[`${service}Port`] ?? 0) : portOf(ready[service].origin, scheme);
    const login = `${scheme}://${shown}:${await listen(servers.login, host, port('login'))}`;
    const graph = `${scheme}://${shown}:${await listen(servers.graph, host, port('graph'))}`;
    simulator ??= createSimulator({ ...(given as SimulatorOptions), loginOrigin: login, graphOrigin: graph });
    const running = simulator;
    return {
      simulator: running,
      login: running.login.origin,
      graph: running.graph.origin,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function isLoopback(hostname: string): boolean {
  return LOOPBACK.has(hostname.replace(/^\[|\]$/g, ''));
}

function portOf(origin: string, scheme: string): number {
  const url = new URL(origin);
  if (url.protocol !== `${scheme}:` || !isLoopback(url.hostname) || url.port === '')
    throw new RangeError(
      `The simulator says that it is at ${origin}: give it a ${scheme} loopback origin with a port, or pass options.`,
    );
  return Number(url.port);
}

function listener(
  tls: ServerOptions['tls'],
  simulator: () => Simulator | undefined,
  service: 'login' | 'graph',
): Server {
  const listen = getRequestListener(
    async (request, { outgoing }) => {
      const running = simulator();
      if (running === undefined) return new Response('Starting.', { status: 503 });
      const url = new URL(request.url);
      // A page of some website whose name was made to point here must not get in (DNS rebinding).
      if (!isLoopback(url.hostname))
        return new Response('Only loopback host names are answered.', { status: 421 });
      if (service === 'graph' && url.pathname.startsWith('/simulator/'))
        return adminSurface(running, request);
      try {
        const response = await running[service].fetch(request);
        const { socket } = outgoing as ServerResponse;
        return socket === null || !isBadlyDelivered(response) ? response : breaking(response, socket);
      } catch (error) {
        if (error instanceof TypeError && error.message === RESET)
          (outgoing as ServerResponse).socket?.resetAndDestroy();
        else if (!request.signal.aborted) console.error(error);
        return new Response('The simulator failed.', { status: 500 });
      }
    },
    { overrideGlobalObjects: false },
  );
  return tls === undefined ? createServer(listen) : createTlsServer({ key: tls.key, cert: tls.cert }, listen);
}

// Milliseconds in which what was written so far is sent.
const FLUSH = 20;

/** The response with a body that breaks the connection where it breaks off, as there is no other way to say so. */
function breaking(response: Response, socket: Socket): Response {
  const announced = response.headers.get('content-length');
  let sent = 0;
  const reader = response.body?.getReader();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const piece = await reader?.read();
        if (piece?.value !== undefined) {
          sent += piece.value.length;
          return controller.enqueue(piece.value);
        }
        if (announced !== null && sent < Number(announced)) setTimeout(() => socket.end(), FLUSH);
        else controller.close();
      } catch {
        // An error of the stream would be printed, and break the connection in another way.
        setTimeout(() => socket.resetAndDestroy(), FLUSH);
      }
    },
    cancel: (reason) => reader?.cancel(reason),
  });
  return new Response(body, { status: response.status, headers: response.headers });
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
