import type { Permission } from '@mailsphere/core';

/** A capability that a host may do without. */
export type OptionalCapability = 'directory' | 'mail';

/**
 * The application permissions that the app registration must list, and nothing beyond what this package calls. The option
 * `mailboxKinds` adds one, which is only in `provider.permissions`.
 * From "Microsoft Graph permissions reference", least privilege of each call.
 */
export const permissions: readonly Permission[] = [
  {
    id: 'Application.Read.All',
    title: 'Read applications',
    reason: 'Shows which permissions of this connector your organization has really granted.',
    capability: 'connect',
    required: true,
  },
  {
    id: 'Domain.Read.All',
    title: 'Read domains',
    reason: 'Finds out which mail domains belong to your organization.',
    capability: 'directory',
    required: true,
  },
  {
    id: 'User.Read.All',
    title: "Read all users' full profiles",
    reason:
      "Shows your organization's name, finds the mailboxes, and keeps users and their e-mail addresses in step.",
    // Without it not even the tenant's name can be read, so no capability can do without.
    capability: 'connect',
    required: true,
  },
  {
    id: 'OrgContact.Read.All',
    title: 'Read organizational contacts',
    reason: 'Keeps the people outside your organization whom groups can have as members in step.',
    capability: 'directory',
    required: true,
  },
  {
    id: 'Group.Read.All',
    title: 'Read all groups',
    reason: 'Keeps distribution groups and their members in step.',
    capability: 'directory',
    required: true,
  },
  {
    id: 'Member.Read.Hidden',
    title: 'Read hidden memberships',
    reason: 'Reads the members of groups that hide who belongs to them.',
    capability: 'hidden_members',
    required: false,
  },
  {
    id: 'Mail.Read',
    title: 'Read mail in all mailboxes',
    reason: 'Copies the messages that are already in the mailboxes, and new ones, to the archive.',
    capability: 'mail',
    required: true,
  },
];

/** Of hosts that ask for it only: it opens all settings of all mailboxes. */
export const mailboxSettings: Permission = {
  id: 'MailboxSettings.Read',
  title: 'Read all user mailbox settings',
  reason: 'Tells whether a mailbox is that of a person, a shared one, or one of a room or equipment.',
  capability: 'mailbox_kinds',
  required: false,
};

/** The same list as a host wants it; what only the optional capabilities need is made optional. */
export const permissionsFor = (host: {
  readonly optionalCapabilities: readonly OptionalCapability[];
  readonly mailboxKinds: boolean;
}): readonly Permission[] =>
  [...permissions, ...(host.mailboxKinds ? [mailboxSettings] : [])].map((permission) =>
    host.optionalCapabilities.some((capability) => capability === permission.capability)
      ? { ...permission, required: false }
      : permission,
  );
