import type { DirectoryGroup, GroupMember, GroupType } from '@mailsphere/core';
import { z } from 'zod';
import { removedSchema } from '../graph/removed.ts';
import { emailAddresses } from './proxy-addresses.ts';

export const groupSelect =
  'id,displayName,mail,mailEnabled,securityEnabled,groupTypes,proxyAddresses,members';

/** A group as Graph writes it, with what changed of its direct members. */
export const groupRow = z.object({
  id: z.string().min(1),
  displayName: z.string().nullish(),
  mail: z.string().nullish(),
  mailEnabled: z.boolean().nullish(),
  securityEnabled: z.boolean().nullish(),
  groupTypes: z.array(z.string()).nullish(),
  proxyAddresses: z.array(z.string()).nullish(),
  'members@delta': z
    .array(
      z.object({
        id: z.string().min(1),
        '@odata.type': z.string().nullish(),
        '@removed': removedSchema.optional(),
      }),
    )
    .nullish(),
  '@removed': removedSchema.optional(),
});

export function toGroup(row: z.output<typeof groupRow>): DirectoryGroup {
  const changes = row['members@delta'] ?? [];
  return {
    kind: 'group',
    id: row.id,
    displayName: row.displayName ?? undefined,
    groupType: groupType(row),
    addresses: emailAddresses(row.proxyAddresses, row.mail),
    members: {
      added: changes
        .filter((member) => !member['@removed'])
        .map((member) => ({ id: member.id, type: memberType(member['@odata.type']) })),
      removed: changes.filter((member) => member['@removed']).map((member) => member.id),
    },
  };
}

function groupType({ groupTypes, mailEnabled, securityEnabled }: z.output<typeof groupRow>): GroupType {
  if (groupTypes?.some((type) => type.toLowerCase() === 'unified')) return 'microsoft_365';
  if (!mailEnabled) return 'security';
  return securityEnabled ? 'mail_enabled_security' : 'distribution';
}

const memberTypes: ReadonlyMap<string, GroupMember['type']> = new Map<string, GroupMember['type']>([
  ['#microsoft.graph.user', 'user'],
  ['#microsoft.graph.group', 'group'],
  ['#microsoft.graph.orgcontact', 'contact'],
  ['#microsoft.graph.device', 'device'],
  ['#microsoft.graph.serviceprincipal', 'service_principal'],
]);

const memberType = (type: string | null | undefined): GroupMember['type'] =>
  memberTypes.get(type?.toLowerCase() ?? '') ?? 'other';
