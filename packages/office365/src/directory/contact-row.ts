import type { DirectoryContact } from '@mailsphere/core';
import { z } from 'zod';
import { removedSchema } from '../graph/removed.ts';
import { emailAddresses, otherAddresses } from './proxy-addresses.ts';

export const contactSelect = 'id,displayName,companyName,mail,proxyAddresses';

/** An organizational contact as Graph writes it. */
export const contactRow = z.object({
  id: z.string().min(1),
  displayName: z.string().nullish(),
  companyName: z.string().nullish(),
  mail: z.string().nullish(),
  proxyAddresses: z.array(z.string()).nullish(),
  '@removed': removedSchema.nullish(),
});

export const toContact = (row: z.output<typeof contactRow>): DirectoryContact => ({
  kind: 'contact',
  id: row.id,
  displayName: row.displayName ?? undefined,
  companyName: row.companyName ?? undefined,
  addresses: emailAddresses(row.proxyAddresses, row.mail),
  otherAddresses: otherAddresses(row.proxyAddresses),
});
