/** Which memberships a batch really added and removed. */
export interface MemberLog {
  added(groupId: string, memberId: string): void;
  removed(groupId: string, memberId: string): void;
  /** What it comes to for a group. */
  of(groupId: string): { readonly added: readonly string[]; readonly removed: readonly string[] };
}

export function memberLog(): MemberLog {
  const groups = new Map<string, { readonly added: Set<string>; readonly removed: Set<string> }>();
  const groupOf = (id: string) => {
    const group = groups.get(id) ?? { added: new Set(), removed: new Set() };
    groups.set(id, group);
    return group;
  };
  return {
    // Who left and came back within the batch has been there all the time.
    added(groupId, memberId) {
      const { added, removed } = groupOf(groupId);
      if (!removed.delete(memberId)) added.add(memberId);
    },
    removed(groupId, memberId) {
      const { added, removed } = groupOf(groupId);
      if (!added.delete(memberId)) removed.add(memberId);
    },
    of(groupId) {
      const { added, removed } = groupOf(groupId);
      return { added: [...added], removed: [...removed] };
    },
  };
}
