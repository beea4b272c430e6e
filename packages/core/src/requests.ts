import { z } from 'zod';
import type { CallOptions } from './call-options.ts';
import type { TokenOptions } from './provider.ts';
import type { Task } from './task.ts';

/** A text that can be stored and compared: neither empty nor longer than `longest`, and well-formed. */
export const text = (what: string, longest: number) =>
  z
    .string(`must be ${what}`)
    .min(1, `must be ${what}, not an empty text`)
    .max(longest, `must have at most ${longest} characters`)
    .refine((value) => value.isWellFormed(), 'must be well-formed Unicode');

export const connectionId = text('the id of a connection', 200);
export const mailboxId = text('the id of a mailbox', 512);
export const organizationId = text("the host's id of an organization", 200);
export const providerId = text('the id of a provider', 200);

const signal = z.instanceof(AbortSignal, { error: 'must be an AbortSignal' }).optional();
const maxWait = z
  .custom<number>(
    (value) => typeof value === 'number' && value >= 0,
    'must be a number of milliseconds, 0 or more',
  )
  .optional();

const onAnswer = z
  .custom<CallOptions['onAnswer']>((value) => typeof value === 'function', 'must be a function')
  .optional();

/** Options that may be left out. A signal in their place has no keys that would be noticed. */
const options = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z
    .custom<z.input<z.ZodObject<Shape>> | undefined>(
      (value) => !(value instanceof AbortSignal),
      'must be an object, such as { signal }',
    )
    // A controller holds a signal, as the options do: its own methods are no misspelt options.
    .transform((value: unknown) => (value instanceof AbortController ? { signal: value.signal } : value))
    .pipe(z.strictObject(shape).optional());

export const signalOptions = options({ signal });
export const callOptions = options({ signal, maxWait, onAnswer } satisfies Record<
  keyof CallOptions,
  z.ZodType
>);
export const tokenOptions = options({
  signal,
  maxWait,
  onAnswer,
  fresh: z.boolean().optional(),
} satisfies Record<keyof TokenOptions, z.ZodType>);
export const syncOptions = options({
  signal,
  allowRemovals: z.boolean().optional(),
  full: z.boolean().optional(),
});
export const disconnectOptions = options({ erase: z.boolean().optional() });

export const haltOptions = options({ reason: text('why, in words for people', 500).optional() });

/** An id that a host lost on its way must not list everything: `undefined` is none. */
export const listFilter = z
  .strictObject({
    partnerId: text("the host's id of a partner", 200).exactOptional(),
    organizationId: organizationId.exactOptional(),
  })
  .optional();

const tasks = {
  'connection.verify': z.strictObject({ kind: z.literal('connection.verify'), connectionId }),
  'directory.sync': z.strictObject({
    kind: z.literal('directory.sync'),
    connectionId,
    allowRemovals: z.boolean().optional(),
    full: z.boolean().optional(),
  }),
  'mail.plan': z.strictObject({ kind: z.literal('mail.plan'), connectionId }),
  'mail.backfill': z.strictObject({ kind: z.literal('mail.backfill'), connectionId, mailboxId }),
} satisfies { readonly [Kind in Task['kind']]: z.ZodType<Extract<Task, { readonly kind: Kind }>> };
type TaskSchema = (typeof tasks)[Task['kind']];

export const task = z.discriminatedUnion('kind', Object.values(tasks) as [TaskSchema, ...TaskSchema[]], {
  error: ({ code }) =>
    code === 'invalid_union' ? `must be one of ${Object.keys(tasks).join(', ')}` : undefined,
});

/** A request of any copy of the web's classes. */
export const webRequest = z.custom<Request>((value) => {
  const { url, method, headers } = (value ?? {}) as Partial<Request>;
  return typeof url === 'string' && typeof method === 'string' && typeof headers?.get === 'function';
}, 'must be a Request of the web standard');
