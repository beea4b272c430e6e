import type { DirectoryChange, DirectoryEntry, GroupMember } from '@mailsphere/core';

/** What the changes of a batch come to for one id. */
export interface DirectoryOutcome {
  readonly id: string;
  /** The entry was removed at some point, and its members with it. */
  readonly cleared: boolean;
  /** The entry as it is after the batch; `undefined` when it is gone. */
  readonly entry: DirectoryEntry | undefined;
  readonly added: readonly GroupMember[];
  readonly removed: readonly string[];
}

interface Draft {
  readonly cleared: boolean;
  entry?: DirectoryEntry;
  /** `null`: no longer a member. */
  readonly members: Map<string, GroupMember | null>;
}

/** The outcomes of a batch, one for each id: the last word on an id holds, and memberships add up. */
export function outcomesOf(changes: readonly DirectoryChange[]): readonly DirectoryOutcome[] {
  const outcomes = new Map<string, Draft>();
  for (const change of changes) {
    if (change.type === 'removed') {
      outcomes.set(change.id, { cleared: true, members: new Map() });
      continue;
    }
    const { item } = change;
    const outcome: Draft = outcomes.get(item.id) ?? { cleared: false, members: new Map() };
    outcomes.set(item.id, outcome);
    outcome.entry = item;
    if (item.kind !== 'group') continue;
    for (const id of item.members.removed) outcome.members.set(id, null);
    for (const member of item.members.added) outcome.members.set(member.id, member);
  }
  return Array.from(outcomes, ([id, { cleared, entry, members }]) => ({
    id,
    cleared,
    entry,
    added: [...members.values()].filter((member) => member !== null),
    removed: [...members].filter(([, member]) => member === null).map(([memberId]) => memberId),
  }));
}
