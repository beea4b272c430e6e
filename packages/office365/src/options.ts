import type { Clock } from '@mailsphere/core';
import { z } from 'zod';
import { type CloudName, type CloudRoots, cloudSchema } from './cloud.ts';
import { type Credential, credentialSchema } from './entra/client-credential.ts';
import type { LimiterStore } from './limiter/limiter-store.ts';
import type { OptionalCapability } from './permissions.ts';
import type { Transport } from './transport/transport.ts';

/** What {@link office365} needs. */
export interface Office365Options {
  /** The application (client) id of the app registration. */
  readonly clientId: string;
  readonly credential: Credential;
  /**
   * A pair of origins serves proxies and simulators; plain http is accepted for loopback hosts only.
   * @default 'global'
   */
  readonly cloud?: CloudName | CloudRoots | undefined;
  /**
   * What the host can do without, but not all of it. A tenant that does not grant what only these capabilities need is
   * connected all the same, without them.
   * @default none: a tenant grants everything that is required, or is not connected
   */
  readonly optionalCapabilities?: readonly OptionalCapability[] | undefined;
  /**
   * Tells what each user's mailbox is for (`DirectoryUser.mailboxKind`), at the price of one request for each user who may have one. It adds the
   * optional permission `MailboxSettings.Read`, which the app registration must list.
   * @default false
   */
  readonly mailboxKinds?: boolean | undefined;
  /**
   * Keeps the limiter's counts over a restart.
   * @default none: after a restart, a mailbox whose quota is spent costs one refusal
   */
  readonly limiterStore?: LimiterStore | undefined;
  /** What sends requests. @default undiciTransport() */
  readonly transport?: Transport | undefined;
  /** @default systemClock */
  readonly clock?: Clock | undefined;
  /** Spreads retries and renewals: a number from 0 up to, but not including, 1. @default Math.random */
  readonly random?: (() => number) | undefined;
}

const isFunction = (value: unknown) => typeof value === 'function';

export const optionsSchema = z.strictObject({
  clientId: z
    .string()
    .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'must be the GUID of the app registration')
    .toLowerCase(),
  credential: credentialSchema,
  cloud: cloudSchema.prefault('global'),
  optionalCapabilities: z
    .array(z.enum(['directory', 'mail'], "must be 'directory' or 'mail'"))
    .refine((list) => new Set(list).size < 2, 'must not hold both: nothing would be left to connect for')
    .default([]),
  mailboxKinds: z.boolean('must be true or false').default(false),
  limiterStore: z
    .custom<LimiterStore>(
      (value) =>
        typeof value === 'object' &&
        value !== null &&
        isFunction((value as LimiterStore).load) &&
        isFunction((value as LimiterStore).save),
      'must have the methods load and save',
    )
    .optional(),
  transport: z.custom<Transport>(isFunction, 'must be a function, such as undiciTransport()').optional(),
  clock: z
    .custom<Clock>(
      (value) =>
        typeof value === 'object' &&
        value !== null &&
        isFunction((value as Clock).now) &&
        isFunction((value as Clock).wait),
      'must be a Clock',
    )
    .optional(),
  random: z.custom<() => number>(isFunction, 'must be a function').optional(),
});
