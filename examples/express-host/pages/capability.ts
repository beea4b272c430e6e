import type { Capability } from '@mailsphere/core';

/** What a capability is for, as the pages call it. */
export const capabilityWords: Readonly<Record<Capability, string>> = {
  connect: 'Connection',
  directory: 'User Sync',
  hidden_members: 'User Sync, hidden members',
  mail: 'Mail Synchronisation',
  mailbox_kinds: 'User Sync, kinds of mailboxes',
};
