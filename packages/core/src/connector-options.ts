import { z } from 'zod';
import { isBaseUrl, parseBaseUrl } from './base-url.ts';
import type { Cipher } from './cipher.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { DirectorySink } from './directory.ts';
import type { DirectoryScope } from './directory-scope.ts';
import type { DirectoryTransform } from './entry-selection.ts';
import type { RemovalThreshold } from './held-removals.ts';
import type { Hooks } from './hooks.ts';
import type { Logger } from './logger.ts';
import type { MailArchive } from './mail.ts';
import type { MailSync } from './mail-sync-options.ts';
import { objectWith } from './options.ts';
import { type Pages, plainPages } from './pages.ts';
import type { Provider } from './provider.ts';
import type { StorageAdapter } from './storage-adapter.ts';

export interface ConnectorOptions {
  readonly providers: readonly Provider[];
  /** The connector's own state. */
  readonly storage: StorageAdapter;
  /** Where the directory goes. */
  readonly directory: DirectorySink;
  /** Where the mail goes. */
  readonly archive: MailArchive;
  /**
   * Where `handler` is mounted, as browsers reach it, such as `https://app.example/connect`. `<baseUrl>/callback` is the redirect URI
   * to register at the service. Never taken from a request.
   */
  readonly baseUrl: string;
  readonly hooks: Hooks;
  /**
   * Seals what is secret (the proofs of a sign-in under way) before it reaches the storage: `keyring(...)`, or the host's own.
   * @default a key of each attempt's own, made from the state that only the browser has
   */
  readonly encryption?: Cipher | undefined;
  /** Pages of the host's own, in place of the plain ones. */
  readonly pages?: Partial<Pages> | undefined;
  /** @default silent */
  readonly logger?: Logger | undefined;
  /** @default the real time */
  readonly clock?: Clock | undefined;
  /** How the directory is kept in step. */
  readonly directorySync?:
    | {
        /** Removals beyond this are held until somebody lets them through. */
        readonly threshold?: Partial<RemovalThreshold> | undefined;
        /** Days after which the directory is read in full again, to find what changes alone did not tell. @default 7 */
        readonly fullEvery?: number | undefined;
        /**
         * Which entries are wanted, of all connections or as the host decides for each. When it changes, the next run reads everything
         * anew. @default all
         */
        readonly scope?:
          | DirectoryScope
          | ((connection: Connection) => DirectoryScope | undefined)
          | undefined;
        /** What becomes of each entry that is in scope. */
        readonly transform?: DirectoryTransform | undefined;
      }
    | undefined;
  /** Which mail is wanted. @default all of it */
  readonly mailSync?: MailSync | undefined;
  /** Milliseconds after which a mailbox gives its place to the next one, at the end of a page. @default 60_000 */
  readonly slice?: number | undefined;
}

/** What `createConnector` accepts. */
export const connectorOptions = z.strictObject({
  providers: z
    .array(objectWith<Provider>('resolveTenant', 'acquireToken', 'verify'))
    .min(1, 'must have at least one provider')
    .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, 'must have different ids'),
  storage: objectWith<StorageAdapter>('get', 'put', 'delete', 'list'),
  directory: objectWith<DirectorySink>('apply', 'measure', 'present'),
  archive: objectWith<MailArchive>('missing', 'store'),
  baseUrl: z
    .string()
    .refine(
      isBaseUrl,
      'must be an https URL, or an http URL of this machine, without user name, query and fragment',
    )
    .transform((text) => parseBaseUrl(text)),
  hooks: objectWith<Hooks>('authorize').superRefine((hooks, issues) => {
    for (const name of ['afterConnect', 'beforeTokenRefresh', 'afterTokenRefresh'] as const)
      if (hooks[name] !== undefined && typeof hooks[name] !== 'function')
        issues.addIssue({ code: 'custom', path: [name], message: 'must be a function' });
  }),
  encryption: objectWith<Cipher>('seal', 'open').optional(),
  pages: z
    .strictObject(
      Object.fromEntries(
        Object.keys(plainPages).map((name) => [
          name,
          z.custom((value) => typeof value === 'function', 'must be a function').optional(),
        ]),
      ),
    )
    .transform((pages) => pages as Partial<Pages>)
    .optional(),
  logger: objectWith<Logger>('debug', 'info', 'warn', 'error').optional(),
  clock: objectWith<Clock>('now', 'wait').optional(),
  directorySync: z
    .strictObject({
      threshold: z
        .strictObject({
          share: z.number().min(0, 'must be between 0 and 1').max(1, 'must be between 0 and 1').optional(),
          count: z.int('must be a whole number').min(0, 'must be 0 or more').optional(),
        })
        .optional(),
      fullEvery: z.number().positive('must be a positive number of days').optional(),
      scope: z
        .custom<NonNullable<NonNullable<ConnectorOptions['directorySync']>['scope']>>(
          (value) => typeof value === 'object' || typeof value === 'function',
          'must be a scope, or a function that gives one for a connection',
        )
        .optional(),
      transform: z
        .custom<DirectoryTransform>((value) => typeof value === 'function', 'must be a function')
        .optional(),
    })
    .optional(),
  mailSync: z
    .custom<MailSync>(
      (value) => (typeof value === 'object' && value !== null) || typeof value === 'function',
      'must be an object, or a function that gives one for a connection',
    )
    .optional(),
  slice: z.number().positive('must be a positive number of milliseconds').optional(),
});
