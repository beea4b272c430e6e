import type { Omission } from '@mailsphere/core';

const ALWAYS: readonly Omission[] = [
  {
    code: 'dynamic_distribution_groups',
    // "Working with groups in Microsoft Graph": they exist in Exchange alone.
    message: 'Dynamic distribution groups of Exchange, and their addresses, are not in Microsoft Graph.',
  },
  {
    code: 'service_principal_members',
    // "List group members", a known issue of v1.0.
    message: 'Service principals may be missing among the members of a group.',
  },
];

const HIDDEN_MEMBERS: Omission = {
  code: 'hidden_members',
  message:
    'Groups that hide who belongs to them come without members, because Member.Read.Hidden is not granted.',
};

/** What Microsoft Graph does not show of a directory, with these permissions. */
export const omissions = (granted: readonly string[]): readonly Omission[] =>
  granted.includes('Member.Read.Hidden') ? ALWAYS : [...ALWAYS, HIDDEN_MEMBERS];
