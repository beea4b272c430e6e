import type { DirectoryUser, MailboxKind } from '@mailsphere/core';
import { z } from 'zod';
import { removedSchema } from '../graph/removed.ts';
import { emailAddresses, otherAddresses } from './proxy-addresses.ts';

export const userSelect =
  'id,userPrincipalName,displayName,mail,proxyAddresses,userType,accountEnabled,assignedPlans';

/** A user as Graph writes it: what was never set is missing, what was cleared is null. */
export const userRow = z.object({
  id: z.string().min(1),
  userPrincipalName: z.string().nullish(),
  displayName: z.string().nullish(),
  mail: z.string().nullish(),
  proxyAddresses: z.array(z.string()).nullish(),
  userType: z.string().nullish(),
  accountEnabled: z.boolean().nullish(),
  assignedPlans: z
    .array(z.object({ service: z.string().nullish(), capabilityStatus: z.string().nullish() }))
    .nullish(),
  '@removed': removedSchema.nullish(),
});

/** A member of a group; of any type, and a user when `@odata.type` says so. */
export const memberRow = userRow.extend({ '@odata.type': z.string().nullish() });

export type UserRow = z.output<typeof userRow>;

export const toUser = (row: UserRow, mailboxKind: MailboxKind | undefined): DirectoryUser => ({
  kind: 'user',
  id: row.id,
  userPrincipalName: row.userPrincipalName ?? '',
  displayName: row.displayName ?? undefined,
  userType: isGuest(row) ? 'guest' : 'member',
  enabled: row.accountEnabled !== false,
  licensed: hasMailPlan(row),
  mailboxKind,
  addresses: emailAddresses(row.proxyAddresses, row.mail),
  otherAddresses: otherAddresses(row.proxyAddresses),
});

// A plan with `Warning` is in its grace period and works; `Suspended`, `LockedOut` and `Deleted` ones do not ("assignedPlan resource type").
const WORKING = new Set(['enabled', 'warning']);

const hasMailPlan = ({ assignedPlans }: UserRow): boolean =>
  (assignedPlans ?? []).some(
    ({ service, capabilityStatus }) =>
      service?.toLowerCase() === 'exchange' && WORKING.has(capabilityStatus?.toLowerCase() ?? ''),
  );

/** Whether the user belongs to another organization. */
export const isGuest = (row: {
  readonly userType?: string | null | undefined;
  readonly userPrincipalName?: string | null | undefined;
}): boolean =>
  row.userType?.toLowerCase() === 'guest' || (row.userPrincipalName ?? '').toUpperCase().includes('#EXT#');
