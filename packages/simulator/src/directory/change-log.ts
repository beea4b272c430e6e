import type { MemberType } from './group.ts';

/** Something that happened in a directory, for delta queries. */
export interface Change {
  readonly kind: 'user' | 'group' | 'orgContact';
  readonly id: string;
  /** The properties that changed; absent when the object came, went or came back. */
  readonly properties?: readonly string[];
  /** A member that joined or left; only for groups. */
  readonly member?: { readonly id: string; readonly type: MemberType; readonly removed: boolean };
}

/**
 * The changes of one directory in order. The position in it is the state a delta token stands for: a round costs what
 * changed since, never what exists.
 */
export interface ChangeLog {
  readonly length: number;
  at(position: number): Change | undefined;
  append(change: Change): void;
}

/** Creates an empty log. */
export function createChangeLog(): ChangeLog {
  const changes: Change[] = [];
  return {
    get length() {
      return changes.length;
    },
    at: (position) => changes[position],
    append: (change) => {
      changes.push(change);
    },
  };
}
