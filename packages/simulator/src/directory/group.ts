import type { Contact } from './contact.ts';
import type { DirectoryUser } from './user.ts';

/** What a group may hold. */
export type MemberType = 'user' | 'group' | 'orgContact';

/** An object that can be a member. */
export type MemberObject = DirectoryUser | DirectoryGroup | Contact;

/** A group object of a tenant. */
export interface DirectoryGroup {
  readonly id: string;
  displayName: string;
  description?: string | null;
  mail: string | null;
  mailNickname: string;
  mailEnabled: boolean;
  securityEnabled: boolean;
  groupTypes: readonly string[];
  proxyAddresses: readonly string[];
  visibility: 'Public' | 'Private' | 'HiddenMembership' | null;
  createdDateTime: string;
  /** Set once the group is deleted. Not a Graph property. */
  deleted?: 'soft' | 'hard';
  /** Not a Graph property by this shape: asked for by its own path, or as `members@delta`. */
  readonly members: MemberList;
}

/** What a list of groups returns without `$select`. */
export const DEFAULT_GROUP_PROPERTIES = [
  'id',
  'createdDateTime',
  'description',
  'displayName',
  'groupTypes',
  'mail',
  'mailEnabled',
  'mailNickname',
  'proxyAddresses',
  'securityEnabled',
  'visibility',
] as const;

/**
 * Members in the order in which they joined. Positions never move, so that a reader in the middle of its pages neither
 * skips nor repeats anybody when somebody leaves.
 */
export interface MemberList {
  /** Members now. */
  readonly size: number;
  /** Positions in all, those of members who left included. */
  readonly positions: number;
  /** The member's id at a position, or undefined for somebody who left. */
  at(position: number): string | undefined;
  has(id: string): boolean;
  add(id: string): boolean;
  remove(id: string): boolean;
  [Symbol.iterator](): IterableIterator<string>;
}

/** Creates a list of members. */
export function createMemberList(initial: Iterable<string> = []): MemberList {
  const ids: (string | undefined)[] = [];
  const positions = new Map<string, number>();
  const list: MemberList = {
    get size() {
      return positions.size;
    },
    get positions() {
      return ids.length;
    },
    at: (position) => ids[position],
    has: (id) => positions.has(id),
    add: (id) => {
      if (positions.has(id)) return false;
      positions.set(id, ids.length);
      ids.push(id);
      return true;
    },
    remove: (id) => {
      const position = positions.get(id);
      if (position === undefined) return false;
      positions.delete(id);
      ids[position] = undefined;
      return true;
    },
    [Symbol.iterator]: () => positions.keys(),
  };
  for (const id of initial) list.add(id);
  return list;
}
