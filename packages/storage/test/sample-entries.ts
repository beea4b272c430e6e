import type {
  DirectoryContact,
  DirectoryDomain,
  DirectoryGroup,
  DirectoryUser,
  EmailAddress,
  GroupMember,
} from '@mailsphere/core';

export const address = (text: string, primary = true): EmailAddress => ({
  address: text,
  domain: text.slice(text.lastIndexOf('@') + 1).toLowerCase(),
  primary,
});

export const domain = (id: string, more: Partial<DirectoryDomain> = {}): DirectoryDomain => ({
  kind: 'domain',
  id,
  isDefault: false,
  isInitial: false,
  isVerified: true,
  acceptsMail: true,
  ...more,
});

export const user = (id: string, more: Partial<DirectoryUser> = {}): DirectoryUser => ({
  kind: 'user',
  id,
  userPrincipalName: `${id}@contoso.example`,
  displayName: id,
  userType: 'member',
  enabled: true,
  licensed: true,
  mailboxKind: 'user',
  addresses: [address(`${id}@contoso.example`)],
  otherAddresses: [],
  ...more,
});

export const contact = (id: string, more: Partial<DirectoryContact> = {}): DirectoryContact => ({
  kind: 'contact',
  id,
  displayName: id,
  companyName: 'Fabrikam',
  addresses: [address(`${id}@fabrikam.example`)],
  otherAddresses: [],
  ...more,
});

export const group = (
  id: string,
  added: readonly GroupMember[] = [],
  more: Partial<DirectoryGroup> = {},
): DirectoryGroup => ({
  kind: 'group',
  id,
  displayName: id,
  groupType: 'distribution',
  dynamicMembership: false,
  hiddenMembership: false,
  addresses: [address(`${id}@contoso.example`)],
  otherAddresses: [],
  members: { added, removed: [] },
  ...more,
});

const membersOf =
  (type: GroupMember['type']) =>
  (...ids: readonly string[]): readonly GroupMember[] =>
    ids.map((id) => ({ id, type }));

export const users = membersOf('user');
export const groups = membersOf('group');
export const contacts = membersOf('contact');
