import type { DirectoryChange, GroupMember } from '@mailsphere/core';
import { type StoredEntry, storedEntry } from './entries.ts';
import { checkId } from './text.ts';

/** What the changes of a batch come to for one id. */
export interface DirectoryOutcome {
  readonly id: string;
  /** The entry was removed at some point, and its members with it. */
  readonly cleared: boolean;
  /** The entry as it is after the batch; `undefined` when it is gone. */
  readonly entry: StoredEntry | undefined;
  readonly added: readonly GroupMember[];
  readonly removed: readonly string[];
}

interface Draft {
  readonly cleared: boolean;
  entry?: StoredEntry;
  /** `null`: no longer a member. */
  readonly members: Map<string, GroupMember | null>;
}

/**
 * The outcomes of a batch, one for each id: the last word on an id holds, and memberships add up.
 *
 * @throws ConnectorError `invalid_request` for an id that a database cannot keep as it is.
 */
export function outcomesOf(changes: readonly DirectoryChange[]): readonly DirectoryOutcome[] {
  const outcomes = new Map<string, Draft>();
  for (const change of changes) {
    if (change.type === 'removed') {
      checkId('id', change.id);
      outcomes.set(change.id, { cleared: true, members: new Map() });
      continue;
    }
    const { item } = change;
    checkId('id', item.id);
    const outcome: Draft = outcomes.get(item.id) ?? { cleared: false, members: new Map() };
    outcomes.set(item.id, outcome);
    outcome.entry = storedEntry(item);
    if (item.kind !== 'group') continue;
    for (const id of item.members.removed) {
      checkId('members.removed', id);
      outcome.members.set(id, null);
    }
    for (const member of item.members.added) {
      checkId('members.added', member.id);
      outcome.members.set(member.id, member);
    }
  }
  return Array.from(outcomes, ([id, { cleared, entry, members }]) => ({
    id,
    cleared,
    entry,
    added: [...members.values()].filter((member) => member !== null),
    removed: [...members].filter(([, member]) => member === null).map(([memberId]) => memberId),
  }));
}
