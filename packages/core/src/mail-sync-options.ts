import { z } from 'zod';
import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import { type FolderRole, folderRoles } from './mail.ts';
import { parseOptions, plainObject } from './options.ts';
import { type QuietHours, quietHours } from './quiet-hours.ts';

/** Which mail of a tenant a host wants. Without it, all. */
export interface MailSyncOptions {
  /**
   * Only messages that were received at this time or later: ISO 8601, such as `2020-01-01`, in UTC where it names no zone. Messages
   * without a time are kept. When it changes, the next round looks through the folders anew, and downloads nothing that is archived.
   */
  readonly since?: string | undefined;
  /** Folders to leave out, and all that is below them. What was archived of them before stays. */
  readonly exclude?: readonly FolderRole[] | undefined;
  /**
   * Whether drafts are archived as well, as they are when they are first listed. What is sent later under the same id is then not read
   * again; without them it is archived when it is sent. @default false
   */
  readonly drafts?: boolean | undefined;
  /** Whether what users deleted for good is brought too, as long as the service keeps it for administrators. @default false */
  readonly recoverable?: boolean | undefined;
  /** Days after which the ids of all messages are compared with the archive, to find what changes alone did not tell. @default 7 */
  readonly reconcileEvery?: number | undefined;
  /**
   * When mail may be brought at full speed: at all times, in fixed hours, or when the tenant itself receives little.
   * @default learned from when the tenant's mail arrives
   */
  readonly quietHours?: QuietHours | undefined;
  /** The part of full speed outside quiet hours, from 0.01 to 1. @default 0.25 */
  readonly shareOutside?: number | undefined;
  /** Hours within which a round is to be done; the share outside quiet hours rises when it would not be. @default 24 */
  readonly deadline?: number | undefined;
}

/** One for all connections, or as the host decides for each. */
export type MailSync = MailSyncOptions | ((connection: Connection) => MailSyncOptions | undefined);

const schema = z.strictObject({
  since: z
    .string('must be a time such as 2020-01-01')
    .refine((text) => /^\d{4}-\d\d-\d\d(T|$)/.test(text) && !Number.isNaN(Date.parse(text)), {
      error: 'must be a time in ISO 8601, such as 2020-01-01',
    })
    .transform((text) => new Date(Date.parse(text.includes('T') ? withZone(text) : text)).toISOString())
    .optional(),
  exclude: z
    .array(z.enum(folderRoles, `must be one of ${folderRoles.join(', ')}`))
    .transform((all) => [...new Set(all)].sort())
    .optional(),
  drafts: z.boolean('must be true or false').optional(),
  recoverable: z.boolean('must be true or false').optional(),
  quietHours: quietHours.optional(),
  shareOutside: z
    .number()
    .min(0.01, 'must be between 0.01 and 1')
    .max(1, 'must be between 0.01 and 1')
    .optional(),
  deadline: z.number().positive('must be a positive number of hours').optional(),
  reconcileEvery: z.number().positive('must be a positive number of days').optional(),
});

const withZone = (text: string) => (/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);

/** @throws ConnectorError `invalid_options` that names the first wrong field */
export const parseMailSync = (options: unknown): MailSyncOptions =>
  parseOptions('mailSync', plainObject.pipe(schema), options);

/** @throws ConnectorError `invalid_options`, `refused` when the host's function fails */
export function mailSyncOf(connection: Connection, mailSync: MailSync): MailSyncOptions {
  if (typeof mailSync !== 'function') return mailSync;
  let given: MailSyncOptions | undefined;
  try {
    given = mailSync(connection);
  } catch (cause) {
    throw new ConnectorError('refused', "The host's choice of mail failed.", { cause });
  }
  return parseMailSync(given ?? {});
}

/** What is selected of a folder's messages, as text: the same text, the same selection. `undefined` when it is the default. */
export const selectionOf = ({ since, drafts }: MailSyncOptions): string | undefined =>
  since || drafts ? JSON.stringify({ since, drafts }) : undefined;

/** In which the tenant's week is learned; `undefined` when the host does not say. */
export const timeZoneOf = ({ quietHours: policy }: MailSyncOptions): string | undefined =>
  policy?.mode === 'learned' ? policy.timeZone : undefined;
