import type { DirectoryDomain } from '@mailsphere/core';
import { z } from 'zod';

export const domainSelect = 'id,isDefault,isInitial,isVerified,supportedServices';

/** A domain as Graph writes it. */
export const domainRow = z.object({
  id: z.string().min(1),
  isDefault: z.boolean().nullish(),
  isInitial: z.boolean().nullish(),
  isVerified: z.boolean().nullish(),
  supportedServices: z.array(z.string()).nullish(),
});

export function toDomain(row: z.output<typeof domainRow>): DirectoryDomain {
  const isVerified = row.isVerified === true;
  return {
    kind: 'domain',
    id: row.id.toLowerCase(),
    isDefault: row.isDefault === true,
    isInitial: row.isInitial === true,
    isVerified,
    acceptsMail:
      isVerified && (row.supportedServices ?? []).some((service) => service.toLowerCase() === 'email'),
  };
}
