import type {
  Contact,
  DirectoryGroup,
  DirectoryUser,
  SimulatedTenant,
  Simulator,
} from '@mailsphere/simulator';
import fc from 'fast-check';
import { type Mail, mailOf, type Plan, plansOf } from './properties.ts';

/** What happens to a tenant. Numbers pick from the objects that are there, round and round. */
export type Change =
  | { readonly do: 'add user'; readonly mailbox: 'user' | 'shared' | 'none'; readonly to: number }
  | { readonly do: 'rename'; readonly who: number; readonly name: string | null }
  | { readonly do: 'new sign-in name'; readonly user: number }
  | {
      readonly do: 'set addresses';
      readonly who: number;
      readonly primary: boolean;
      readonly aliases: number[];
    }
  | { readonly do: 'move address'; readonly from: number; readonly to: number }
  | {
      readonly do: 'set user';
      readonly user: number;
      readonly guest: boolean;
      readonly enabled: boolean;
      readonly plan: Plan;
    }
  | { readonly do: 'set company'; readonly contact: number; readonly name: string | null }
  | { readonly do: 'add contact'; readonly to: number }
  | { readonly do: 'add group'; readonly kind: GroupKind; readonly members: number[] }
  | { readonly do: 'set group'; readonly group: number; readonly kind: GroupKind }
  | { readonly do: 'join'; readonly group: number; readonly who: number }
  | { readonly do: 'leave'; readonly group: number; readonly member: number }
  | { readonly do: 'move member'; readonly from: number; readonly to: number; readonly member: number }
  | { readonly do: 'nest each other'; readonly group: number; readonly other: number }
  | { readonly do: 'remove'; readonly who: number; readonly how: 'soft' | 'hard' }
  | { readonly do: 'remove many users'; readonly from: number; readonly count: number }
  | { readonly do: 'restore'; readonly who: number }
  | { readonly do: 'purge'; readonly who: number }
  | { readonly do: 'expire tokens' };

type GroupKind = keyof typeof groupKinds;

const groupKinds = {
  distribution: { mailEnabled: true, securityEnabled: false, groupTypes: [], visibility: null },
  'mail-enabled security': { mailEnabled: true, securityEnabled: true, groupTypes: [], visibility: null },
  security: { mailEnabled: false, securityEnabled: true, groupTypes: [], visibility: null },
  'Microsoft 365': {
    mailEnabled: true,
    securityEnabled: false,
    groupTypes: ['Unified'],
    visibility: 'Public',
  },
  dynamic: {
    mailEnabled: true,
    securityEnabled: true,
    groupTypes: ['Unified', 'DynamicMembership'],
    visibility: 'Private',
  },
  hidden: {
    mailEnabled: true,
    securityEnabled: false,
    groupTypes: ['Unified'],
    visibility: 'HiddenMembership',
  },
} as const;

// Few, so that the same ones are met again.
const any = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 4 }) },
  { weight: 1, arbitrary: fc.nat({ max: 39 }) },
);
const name = fc.constantFrom('Anna', 'Zoë Łukasik', '王 伟', "O'Neill; drop --", null);
const kind = fc.constantFrom(...(Object.keys(groupKinds) as GroupKind[]));
const of = <Do extends Change['do']>(
  what: Do,
  parts: {
    [Key in keyof Omit<Extract<Change, { do: Do }>, 'do'>]: fc.Arbitrary<Extract<Change, { do: Do }>[Key]>;
  },
) => fc.record({ do: fc.constant(what), ...parts }) as unknown as fc.Arbitrary<Change>;

export const change: fc.Arbitrary<Change> = fc.oneof(
  of('join', { group: any, who: any }),
  of('leave', { group: any, member: any }),
  of('move member', { from: any, to: any, member: any }),
  of('nest each other', { group: any, other: any }),
  { weight: 3, arbitrary: of('remove', { who: any, how: fc.constantFrom('soft', 'soft', 'hard') }) },
  { weight: 3, arbitrary: of('restore', { who: any }) },
  of('purge', { who: any }),
  of('remove many users', { from: any, count: fc.integer({ min: 2, max: 8 }) }),
  of('add user', { mailbox: fc.constantFrom('user', 'shared', 'none'), to: any }),
  of('add contact', { to: any }),
  of('add group', { kind, members: fc.array(any, { maxLength: 6 }) }),
  of('set group', { group: any, kind }),
  of('rename', { who: any, name }),
  of('new sign-in name', { user: any }),
  of('set user', {
    user: any,
    guest: fc.boolean(),
    enabled: fc.boolean(),
    plan: fc.constantFrom('none', 'Enabled', 'Warning', 'Suspended', 'other service'),
  }),
  of('set company', { contact: any, name }),
  of('set addresses', {
    who: any,
    primary: fc.boolean(),
    aliases: fc.array(fc.nat({ max: 5 }), { maxLength: 3 }),
  }),
  of('move address', { from: any, to: any }),
  of('expire tokens', {}),
);

/** Does to one tenant what a history says. What there is nobody for is left undone. */
export function createChanges(simulator: Simulator, tenant: SimulatedTenant): (change: Change) => void {
  const { id } = tenant;
  const removed: { readonly id: string; readonly deleted?: 'soft' | 'hard' }[] = [];
  let names = 0;

  const everybody = () => alternating<Anybody>(tenant.groups, tenant.users, tenant.contacts);
  const isUser = (who: { readonly id: string }) => tenant.users.some((user) => user.id === who.id);
  const isGroup = (who: { readonly id: string }) => tenant.groups.some((group) => group.id === who.id);
  const update = (who: { readonly id: string }, patch: Mail | { displayName: string | null }) => {
    if (isUser(who)) simulator.updateUser(id, who.id, patch);
    else if (isGroup(who)) simulator.updateGroup(id, who.id, patch);
    else simulator.updateContact(id, who.id, patch);
  };
  const remove = (who: { readonly id: string }, how: 'soft' | 'hard') => {
    removed.push(who);
    if (isUser(who)) simulator.removeUser(id, who.id, how);
    else if (isGroup(who)) simulator.removeGroup(id, who.id, how);
    else simulator.removeContact(id, who.id);
  };
  const join = (group: number, who: number) => {
    const [into, member] = [pick(tenant.groups, group), pick(everybody(), who)];
    if (into && member && into !== member) simulator.addGroupMember(id, into.id, member.id);
  };
  const leave = (group: number, member: number): string | undefined => {
    const from = pick(tenant.groups, group);
    const present = new Set(everybody().map((each) => each.id));
    const left = pick(
      [...(from?.members ?? [])].filter((each) => present.has(each)),
      member,
    );
    if (from && left) simulator.removeGroupMember(id, from.id, left);
    return left;
  };
  const setUser = (user: DirectoryUser | undefined, patch: Parameters<Simulator['updateUser']>[2]) => {
    if (user) simulator.updateUser(id, user.id, patch);
  };
  const softlyRemoved = (who: number) =>
    pick(
      removed.filter(({ deleted }) => deleted === 'soft'),
      who,
    );

  return (change) => {
    switch (change.do) {
      case 'add user': {
        const { id: user } = simulator.addUser(id, { nickname: `new.${++names}`, mailbox: change.mailbox });
        const group = pick(tenant.groups, change.to);
        return group && simulator.addGroupMember(id, group.id, user);
      }
      case 'rename': {
        const who = pick(everybody(), change.who);
        return who && update(who, { displayName: change.name });
      }
      case 'new sign-in name':
        return setUser(pick(tenant.users, change.user), {
          userPrincipalName: `named.${++names}@contoso.com`,
        });
      case 'set addresses': {
        const who = pick(everybody(), change.who);
        return who && update(who, mailOf(change.primary ? `p${++names}` : undefined, change.aliases));
      }
      case 'move address': {
        const [from, to] = [pick(everybody(), change.from), pick(everybody(), change.to)];
        const moved = from?.proxyAddresses.at(-1);
        if (!from || !to || from === to || !moved?.startsWith('smtp:')) return;
        update(from, { mail: from.mail, proxyAddresses: from.proxyAddresses.slice(0, -1) });
        // Nobody has an address twice.
        if (to.proxyAddresses.some((typed) => typed.toLowerCase() === moved.toLowerCase())) return;
        return update(to, { mail: to.mail, proxyAddresses: [...to.proxyAddresses, moved] });
      }
      case 'set user':
        return setUser(pick(tenant.users, change.user), {
          userType: change.guest ? 'Guest' : 'Member',
          accountEnabled: change.enabled,
          assignedPlans: plansOf(change.plan),
        });
      case 'set company': {
        const contact = pick(tenant.contacts, change.contact);
        return contact && simulator.updateContact(id, contact.id, { companyName: change.name });
      }
      case 'add contact': {
        const { id: contact } = simulator.addContact(id, { mail: `Contact.${++names}@Fabrikam.com` });
        const group = pick(tenant.groups, change.to);
        return group && simulator.addGroupMember(id, group.id, contact);
      }
      case 'add group': {
        const all = everybody();
        const members = new Set(change.members.flatMap((each) => pick(all, each)?.id ?? []));
        const traits = { ...groupKinds[change.kind], ...(change.kind === 'security' && { mail: null }) };
        simulator.addGroup(id, { nickname: `group.${++names}`, members: [...members], traits });
        return;
      }
      case 'set group': {
        const group = pick(tenant.groups, change.group);
        return group && simulator.updateGroup(id, group.id, groupKinds[change.kind]);
      }
      case 'join':
        return join(change.group, change.who);
      case 'leave':
        return void leave(change.group, change.member);
      case 'move member': {
        const to = pick(tenant.groups, change.to);
        const moved = leave(change.from, change.member);
        return to && moved && to.id !== moved ? simulator.addGroupMember(id, to.id, moved) : undefined;
      }
      case 'nest each other': {
        const [one, other] = [pick(tenant.groups, change.group), pick(tenant.groups, change.other)];
        if (!one || !other || one === other) return;
        simulator.addGroupMember(id, one.id, other.id);
        return simulator.addGroupMember(id, other.id, one.id);
      }
      case 'remove': {
        const who = pick(everybody(), change.who);
        return who && remove(who, change.how);
      }
      case 'remove many users':
        for (const user of tenant.users.slice(change.from % 5, (change.from % 5) + change.count))
          remove(user, 'soft');
        return;
      case 'restore': {
        const who = softlyRemoved(change.who);
        if (!who) return;
        return 'userPrincipalName' in who
          ? simulator.restoreUser(id, who.id)
          : simulator.restoreGroup(id, who.id);
      }
      case 'purge': {
        const who = softlyRemoved(change.who);
        if (!who) return;
        if ('userPrincipalName' in who) return simulator.removeUser(id, who.id, 'hard');
        return simulator.removeGroup(id, who.id, 'hard');
      }
      case 'expire tokens':
        return simulator.expireTokens(id, 'directory');
    }
  };
}

type Anybody = DirectoryUser | DirectoryGroup | Contact;

/** One of each in turn, so that small numbers pick from all. */
function alternating<T>(...lists: readonly (readonly T[])[]): readonly T[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }).flatMap((_, index) =>
    lists.flatMap((list) => list.slice(index, index + 1)),
  );
}

const pick = <T>(all: readonly T[], number: number): T | undefined => all[number % all.length];
