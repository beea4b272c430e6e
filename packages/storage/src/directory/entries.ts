import type {
  DirectoryContact,
  DirectoryDomain,
  DirectoryEntry,
  DirectoryUser,
  EmailAddress,
  GroupEntry,
} from '@mailsphere/core';
import { storable } from './text.ts';

/** An entry of each kind, as the tables hold it. Members of a group are read apart. */
export interface DirectoryEntries {
  readonly domain: DirectoryDomain;
  readonly user: DirectoryUser;
  readonly contact: DirectoryContact;
  readonly group: GroupEntry;
}

export type StoredEntry = DirectoryEntries[keyof DirectoryEntries];

/** An entry as the readers will give it back: with the same fields in the same order, so that both can be compared as JSON. */
export function storedEntry(entry: DirectoryEntry): StoredEntry {
  const { id } = entry;
  if (entry.kind === 'domain') {
    const { kind, isDefault, isInitial, isVerified, acceptsMail } = entry;
    return { kind, id, isDefault, isInitial, isVerified, acceptsMail };
  }
  const displayName = storable(entry.displayName ?? undefined);
  const mail = {
    addresses: entry.addresses.map(storedAddress),
    otherAddresses: entry.otherAddresses.map(storable),
  };
  if (entry.kind === 'user') {
    const { kind, userType, enabled, licensed, mailboxKind } = entry;
    const userPrincipalName = storable(entry.userPrincipalName);
    return { kind, id, userPrincipalName, displayName, userType, enabled, licensed, mailboxKind, ...mail };
  }
  if (entry.kind === 'contact') {
    const { kind } = entry;
    return { kind, id, displayName, companyName: storable(entry.companyName ?? undefined), ...mail };
  }
  const { kind, groupType, dynamicMembership, hiddenMembership } = entry;
  return { kind, id, displayName, groupType, dynamicMembership, hiddenMembership, ...mail };
}

const storedAddress = ({ address, domain, primary }: EmailAddress): EmailAddress => ({
  address: storable(address),
  domain: storable(domain),
  primary,
});
