import type { DirectoryGroup, GroupMember, GroupType } from '@mailsphere/core';
import { z } from 'zod';
import { removedSchema } from '../graph/removed.ts';
import { emailAddresses, otherAddresses } from './proxy-addresses.ts';

export const groupSelect =
  'id,displayName,mail,mailEnabled,securityEnabled,groupTypes,visibility,proxyAddresses,members';

/** A group as Graph writes it, with what changed of its direct members. */
export const groupRow = z.object({
  id: z.string().min(1),
  displayName: z.string().nullish(),
  mail: z.string().nullish(),
  mailEnabled: z.boolean().nullish(),
  securityEnabled: z.boolean().nullish(),
  groupTypes: z.array(z.string()).nullish(),
  visibility: z.string().nullish(),
  proxyAddresses: z.array(z.string()).nullish(),
  'members@delta': z
    .array(
      z.object({
        id: z.string().min(1),
        '@odata.type': z.string().nullish(),
        '@removed': removedSchema.nullish(),
      }),
    )
    .nullish(),
  '@removed': removedSchema.nullish(),
});

type GroupRow = z.output<typeof groupRow>;

export function toGroup(row: GroupRow): DirectoryGroup {
  // Somebody who joined and left between two rounds may come as both: the last one holds.
  const last = new Map((row['members@delta'] ?? []).map((member) => [member.id, member]));
  const changes = [...last.values()];
  return {
    kind: 'group',
    id: row.id,
    displayName: row.displayName ?? undefined,
    groupType: groupType(row),
    dynamicMembership: isOfType(row, 'dynamicmembership'),
    hiddenMembership: row.visibility?.toLowerCase() === 'hiddenmembership',
    addresses: emailAddresses(row.proxyAddresses, row.mail),
    otherAddresses: otherAddresses(row.proxyAddresses),
    members: {
      added: changes
        .filter((member) => !member['@removed'])
        .map((member) => ({ id: member.id, type: memberType(member['@odata.type']) })),
      removed: changes.filter((member) => member['@removed']).map((member) => member.id),
    },
  };
}

function groupType(row: GroupRow): GroupType {
  if (isOfType(row, 'unified')) return 'microsoft_365';
  if (!row.mailEnabled) return 'security';
  return row.securityEnabled ? 'mail_enabled_security' : 'distribution';
}

const isOfType = ({ groupTypes }: GroupRow, type: string): boolean =>
  (groupTypes ?? []).some((each) => each.toLowerCase() === type);

const memberTypes: ReadonlyMap<string, GroupMember['type']> = new Map<string, GroupMember['type']>([
  ['#microsoft.graph.user', 'user'],
  ['#microsoft.graph.group', 'group'],
  ['#microsoft.graph.orgcontact', 'contact'],
  ['#microsoft.graph.device', 'device'],
  ['#microsoft.graph.serviceprincipal', 'service_principal'],
]);

const memberType = (type: string | null | undefined): GroupMember['type'] =>
  memberTypes.get(type?.toLowerCase() ?? '') ?? 'other';
