import { Agent, type Dispatcher, EnvHttpProxyAgent, request as send } from 'undici';
import { isLoopback } from './loopback.ts';
import type { Transport } from './transport.ts';

/** Times in milliseconds. */
export interface UndiciTransportOptions {
  /** Until a connection is made. @default 10_000 */
  readonly connectTimeout?: number | undefined;
  /** Until the headers of an answer are there. @default 60_000 */
  readonly headersTimeout?: number | undefined;
  /** Between two pieces of a body; a reader that is slow itself does not count. @default 30_000 */
  readonly bodyTimeout?: number | undefined;
}

/**
 * The default transport: undici with keep-alive and no pipelining.
 *
 * `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are honoured, except for loopback hosts, which are always reached directly.
 */
export function undiciTransport(
  options: UndiciTransportOptions = {},
): Transport & { close(): Promise<void> } {
  const settings = {
    pipelining: 1,
    // One body per connection: faster over HTTP/1.1, and its framing is checked below.
    allowH2: false,
    connect: { timeout: options.connectTimeout ?? 10_000 },
    headersTimeout: options.headersTimeout ?? 60_000,
    bodyTimeout: options.bodyTimeout ?? 30_000,
  };
  const direct = new Agent(settings);
  const isProxied = hasProxy(process.env);
  const proxied = isProxied ? new EnvHttpProxyAgent(settings) : direct;

  const transport: Transport = async ({ method, url, headers, body, signal, newConnection }) => {
    const isDirect = !isProxied || isLoopback(url.hostname);
    const single = newConnection ? new (isDirect ? Agent : EnvHttpProxyAgent)(settings) : undefined;
    const answering = send(url, {
      dispatcher: single ?? (isDirect ? direct : proxied),
      method,
      headers,
      body: body ?? null,
      ...(signal && { signal }),
    });
    // It takes nothing more, and closes once this request is over.
    single?.close().catch(() => undefined);
    const answer = await answering;
    // A body may break before anybody reads it: whoever reads it then is told, and the process is not ended.
    answer.body.on('error', () => undefined);
    const cancel = () => void answer.body.destroy();
    const problem = problemOf(answer);
    if (problem) {
      cancel();
      throw new Error(problem);
    }
    return {
      status: answer.statusCode,
      headers: {
        get(name) {
          const value = answer.headers[name];
          return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;
        },
      },
      body: answer.body,
      cancel,
    };
  };
  return Object.assign(transport, {
    close: async () => {
      await Promise.all([direct.close(), proxied === direct ? undefined : proxied.close()]);
    },
  });
}

function problemOf({ statusCode, headers }: Dispatcher.ResponseData): string | undefined {
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity')
    return 'The answer has a content coding that was not asked for.';
  // A body that ends with its connection cannot be told from one that broke off.
  const framed = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  if (statusCode === 200 && !framed) return 'The answer does not say where it ends.';
  return undefined;
}

const hasProxy = (env: NodeJS.ProcessEnv) =>
  ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some((name) => env[name]);
