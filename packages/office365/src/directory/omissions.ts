import type { Omission } from '@mailsphere/core';
import { mailboxSettings } from '../permissions.ts';

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

const MAILBOX_KINDS = {
  off: {
    code: 'mailbox_kinds',
    message: 'What a mailbox is for is not asked, because the option mailboxKinds is off.',
  },
  not_granted: {
    code: 'mailbox_kinds',
    message: `What a mailbox is for is not known, because ${mailboxSettings.id} is not granted.`,
  },
} satisfies Record<string, Omission>;

/** What Microsoft Graph does not show of a directory, with these permissions. */
export const omissions = (
  granted: readonly string[],
  options: { readonly mailboxKinds: boolean },
): readonly Omission[] => [
  ...ALWAYS,
  ...(granted.includes('Member.Read.Hidden') ? [] : [HIDDEN_MEMBERS]),
  ...(options.mailboxKinds ? [] : [MAILBOX_KINDS.off]),
  ...(options.mailboxKinds && !granted.includes(mailboxSettings.id) ? [MAILBOX_KINDS.not_granted] : []),
];
