import type { DirectoryScope } from '@mailsphere/core';
import type { DirectoryState } from './tenant-state.ts';

const DOMAIN = 'contoso.com';

/** What a host may want of the directory, and which entries that is, by the test's own reading. */
interface Wanted {
  readonly scope: DirectoryScope | undefined;
  readonly user: (user: Entry) => boolean;
  readonly contact: (contact: Entry) => boolean;
  readonly group: (group: Entry) => boolean;
}

/** What of an entry a scope looks at. */
interface Entry {
  readonly addresses: readonly string[];
  readonly userType?: string;
  readonly enabled?: boolean;
  readonly groupType?: string;
}

const every = () => true;
const none = () => false;
const isOfDomain = ({ addresses }: Entry) =>
  addresses.some((address) => address.toLowerCase().endsWith(`@${DOMAIN}`));
const isList = ({ groupType = '' }: Entry) => ['distribution', 'mail_enabled_security'].includes(groupType);

export const scopes = {
  all: { scope: undefined, user: every, contact: every, group: every },
  'people and lists': {
    scope: {
      users: { userTypes: ['member'], enabled: true },
      groups: { groupTypes: ['distribution', 'mail_enabled_security'] },
    },
    user: ({ userType, enabled }) => userType === 'member' && enabled === true,
    contact: every,
    group: isList,
  },
  'one domain': {
    scope: { users: { domains: [DOMAIN] }, groups: { domains: [DOMAIN] }, contacts: { domains: [DOMAIN] } },
    user: isOfDomain,
    contact: isOfDomain,
    group: isOfDomain,
  },
  'no contacts and no groups': {
    scope: { contacts: false, groups: false },
    user: every,
    contact: none,
    group: none,
  },
} as const satisfies Readonly<Record<string, Wanted>>;
export type ScopeName = keyof typeof scopes;

/** What is left of a directory for a host that wants this of it. */
export function within(state: DirectoryState, name: ScopeName): DirectoryState {
  const wanted: Wanted = scopes[name];
  const only = <T extends object>(entries: ReadonlyMap<string, T>, isWanted: (entry: Entry) => boolean) =>
    new Map([...entries].filter(([, entry]) => isWanted(entry as unknown as Entry)));
  const user = only(state.user, wanted.user);
  const contact = only(state.contact, wanted.contact);
  const group = only(state.group, wanted.group);
  const owners = [...user.values(), ...contact.values(), ...group.values()] as unknown as Entry[];
  return {
    ...{ domain: state.domain, user, contact, group },
    rows: {
      address: owners.reduce((sum, { addresses }) => sum + addresses.length, 0),
      member: [...group.values()].reduce((sum, { members }) => sum + members.length, 0),
    },
  };
}
