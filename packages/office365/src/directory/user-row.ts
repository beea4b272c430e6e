import type { DirectoryUser } from '@mailsphere/core';
import { z } from 'zod';
import { removedSchema } from '../graph/removed.ts';
import { emailAddresses } from './proxy-addresses.ts';

export const userSelect = 'id,userPrincipalName,displayName,mail,proxyAddresses,userType,accountEnabled';

/** A user as Graph writes it: what was never set is missing, what was cleared is null. */
export const userRow = z.object({
  id: z.string().min(1),
  userPrincipalName: z.string().nullish(),
  displayName: z.string().nullish(),
  mail: z.string().nullish(),
  proxyAddresses: z.array(z.string()).nullish(),
  userType: z.string().nullish(),
  accountEnabled: z.boolean().nullish(),
  '@removed': removedSchema.optional(),
});

export const toUser = (row: z.output<typeof userRow>): DirectoryUser => ({
  kind: 'user',
  id: row.id,
  userPrincipalName: row.userPrincipalName ?? '',
  displayName: row.displayName ?? undefined,
  userType: isGuest(row) ? 'guest' : 'member',
  enabled: row.accountEnabled !== false,
  addresses: emailAddresses(row.proxyAddresses, row.mail),
});

/** Whether the user belongs to another organization. */
export const isGuest = (row: {
  readonly userType?: string | null | undefined;
  readonly userPrincipalName?: string | null | undefined;
}): boolean =>
  row.userType?.toLowerCase() === 'guest' || (row.userPrincipalName ?? '').toUpperCase().includes('#EXT#');
