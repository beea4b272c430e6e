import type {
  Connector,
  ConnectorEvents,
  ConnectorOptions,
  Logger,
  PageForm,
  Pages,
  StorageAdapter,
} from '@mailsphere/core';
import { watchHandler } from './handler-watch.ts';
import type { LeakWatch } from './leak-watch.ts';

const events: Readonly<Record<keyof ConnectorEvents, true>> = {
  'connection.activated': true,
  'connection.reauthorization_required': true,
  'connection.permissions_changed': true,
  'connection.disconnected': true,
  'token.refreshed': true,
  'token.refresh_failed': true,
  'credential.expiring': true,
  'directory.synced': true,
  'directory.held': true,
  'message.archived': true,
  'message.failed': true,
  'message.removed': true,
  'mailbox.progressed': true,
  'task.failed': true,
};

/** A `createConnector` whose connectors are looked at: what they log, store, tell and answer. */
export const watchConnectors =
  (create: (options: ConnectorOptions) => Connector, watch: LeakWatch) =>
  (options: ConnectorOptions): Connector => {
    const handed = new Set<string>();
    const watched = watchOptions(options, watch);
    const connector = create(
      watched?.pages ? { ...watched, pages: watchPages(watched.pages, handed) } : watched,
    );
    for (const name of Object.keys(events) as (keyof ConnectorEvents)[])
      connector.events.on(name, (event: unknown) => watch.see(`the event ${name}`, event));
    return {
      ...connector,
      handler: watchHandler(connector.handler, watch, { baseUrl: options.baseUrl, handed }),
    };
  };

/** The same for anything else that logs. */
export const watchOptions = <T extends { readonly logger?: Logger | undefined }>(
  options: T,
  watch: LeakWatch,
): T => {
  // What cannot be used stays as it is: the factory is about to say so.
  if (typeof options !== 'object' || options === null) return options;
  const { logger, storage } = options as T & { readonly storage?: StorageAdapter };
  return {
    ...options,
    ...(hasMethods(logger ?? SILENT, 'debug', 'info', 'warn', 'error') && {
      logger: watchLogger(logger ?? SILENT, watch),
    }),
    ...(storage &&
      hasMethods(storage, 'get', 'put', 'delete', 'list') && { storage: watchStorage(storage, watch) }),
  };
};

/** Notes what a host's own page is given to go on with: where that goes is the host's business. */
const watchPages = (pages: Partial<Pages>, handed: Set<string>): Partial<Pages> =>
  Object.fromEntries(
    Object.entries(pages).map(([name, page]) => [
      name,
      typeof page !== 'function'
        ? page
        : (context: { readonly form?: PageForm; readonly location?: string }) => {
            for (const value of Object.values(context.form?.fields ?? {})) handed.add(value);
            if (context.location !== undefined)
              for (const value of new URL(context.location).searchParams.values()) handed.add(value);
            return (page as (context: object) => Response | Promise<Response>)(context);
          },
    ]),
  );

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const hasMethods = (value: object, ...names: readonly string[]) =>
  names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');

function watchLogger(logger: Logger, watch: LeakWatch): Logger {
  const line = (level: keyof Logger) => (fields: object, message: string) => {
    watch.see('a log line', [fields, message]);
    logger[level](fields, message);
  };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

/** Over nothing of its own, so that an adapter may have more methods, and may be frozen. */
const watchStorage = (storage: StorageAdapter, watch: LeakWatch): StorageAdapter =>
  new Proxy({} as StorageAdapter, {
    get(_, name) {
      const method: unknown = Reflect.get(storage, name);
      if (typeof method !== 'function') return method;
      return (...parts: unknown[]) => {
        if (name === 'put')
          watch.see(`the storage, in ${parts[0]}`, `${parts[1]} ${JSON.stringify(parts[2])}`);
        return method.apply(storage, parts);
      };
    },
  });
