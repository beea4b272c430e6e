import { z } from 'zod';
import { isGuest } from '../directory/user-row.ts';
import { removedSchema } from '../graph/removed.ts';

export const mailboxSelect = 'id,displayName,mail,userType,userPrincipalName';

/** A user, as far as it tells whether there may be a mailbox. */
export const mailboxRow = z.object({
  id: z.string().min(1),
  displayName: z.string().nullish(),
  mail: z.string().nullish(),
  userType: z.string().nullish(),
  userPrincipalName: z.string().nullish(),
  '@removed': removedSchema.optional(),
});

/** The accounts of shared mailboxes are disabled, so that tells nothing. */
export const mayHaveMailbox = (
  row: Pick<z.output<typeof mailboxRow>, 'mail' | 'userType' | 'userPrincipalName'>,
): boolean => Boolean(row.mail) && !isGuest(row);
