import type {
  DirectoryBatch,
  DirectoryChange,
  DirectoryContact,
  DirectoryDomain,
  DirectoryEntry,
  DirectoryGroup,
  DirectoryKind,
  DirectoryUser,
} from '../directory.ts';

export const domain = (id: string): DirectoryDomain => ({
  kind: 'domain',
  id,
  isDefault: false,
  isInitial: false,
  isVerified: true,
  acceptsMail: true,
});

const mail = (addresses: readonly string[]) =>
  addresses.map((address, index) => ({
    address,
    domain: address.slice(address.lastIndexOf('@') + 1).toLowerCase(),
    primary: index === 0,
  }));

export const user = (
  id: string,
  displayName = id,
  addresses: readonly string[] = [`${id}@contoso.example`],
): DirectoryUser => ({
  kind: 'user',
  id,
  userPrincipalName: `${id}@contoso.example`,
  displayName,
  userType: 'member',
  enabled: true,
  licensed: true,
  mailboxKind: 'user',
  addresses: mail(addresses),
  otherAddresses: [`sip:${id}@contoso.example`],
});

export const contact = (id: string, displayName = id): DirectoryContact => ({
  kind: 'contact',
  id,
  displayName,
  companyName: 'Fabrikam',
  addresses: mail([`${id}@fabrikam.example`]),
  otherAddresses: [],
});

export const group = (
  id: string,
  {
    added = [],
    removed = [],
    displayName = id,
  }: { added?: readonly string[]; removed?: readonly string[]; displayName?: string } = {},
): DirectoryGroup => ({
  kind: 'group',
  id,
  displayName,
  groupType: 'distribution',
  dynamicMembership: false,
  hiddenMembership: false,
  addresses: mail([`${id}@contoso.example`]),
  otherAddresses: [],
  members: { added: added.map((member) => ({ id: member, type: 'user' })), removed },
});

export const upserted = (item: DirectoryEntry): DirectoryChange => ({
  type: 'upserted',
  item,
});
export const removed = (id: string): DirectoryChange => ({ type: 'removed', id, reason: 'permanent' });

export const batch = (
  kind: DirectoryKind,
  changes: readonly DirectoryChange[],
  more: Partial<DirectoryBatch> = {},
): DirectoryBatch => ({
  connectionId: 'one',
  kind,
  generation: 1,
  epoch: 1,
  changes,
  sweep: false,
  ...more,
});
