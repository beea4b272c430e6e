import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import type { DirectoryChange, DirectoryEntry, DirectoryKind, DirectorySink } from './directory.ts';
import { type DirectoryScope, isInScope, isWanted, parseScope, selectionOf } from './directory-scope.ts';
import { presentIn } from './present-in.ts';
import { HOOK_LIMIT, timeLimit } from './time-limit.ts';

/**
 * What becomes of an entry that is in scope: itself, a changed copy, or `undefined` to leave it out. Kind and id must stay as they are, and
 * the members of a group stay what the service told. It sees an entry when the service tells that it changed, so it must depend on the
 * entry and the connection alone; when its own rules change, `directory.sync(id, { full: true })` reads everything anew.
 */
export type DirectoryTransform = (
  entry: DirectoryEntry,
  context: { readonly connection: Connection },
) => Promise<DirectoryEntry | undefined> | DirectoryEntry | undefined;

/** Which entries of a connection's directory are wanted, as the host says. */
export interface SelectionOptions {
  readonly scope?: DirectoryScope | ((connection: Connection) => DirectoryScope | undefined) | undefined;
  readonly transform?: DirectoryTransform | undefined;
}

/** Which entries of one connection are wanted, and in what form. */
export interface EntrySelection {
  readonly memberOf: readonly string[] | undefined;
  /** As text, for one kind; `undefined` when it is everything. */
  selectionOf(kind: DirectoryKind): string | undefined;
  isWanted(kind: DirectoryKind): boolean;
  /** Whether entries of a kind that is wanted may be left out. */
  leavesOut(kind: DirectoryKind): boolean;
  /** @throws ConnectorError `refused` when the host's transform fails, or gives back what is not the entry it was asked about */
  admit(entry: DirectoryEntry): Promise<DirectoryEntry | undefined>;
}

/** @throws ConnectorError `invalid_options` for a scope that is none, `refused` when the host's function fails */
export function selectEntries(
  connection: Connection,
  { scope: given, transform }: SelectionOptions,
  clock: Clock,
): EntrySelection {
  const scope = parseScope((typeof given === 'function' ? scopeFor(connection, given) : given) ?? {});

  const transformed = async (entry: DirectoryEntry): Promise<DirectoryEntry | undefined> => {
    if (!transform) return entry;
    let result: DirectoryEntry | undefined;
    try {
      const outcome = transform(entry, { connection });
      result = outcome instanceof Promise ? await timeLimit(() => outcome, HOOK_LIMIT, clock) : outcome;
    } catch (cause) {
      throw new ConnectorError('refused', "The host's transform of a directory entry failed.", { cause });
    }
    if (result === undefined) return undefined;
    if (result?.kind !== entry.kind || result.id !== entry.id)
      throw new ConnectorError(
        'refused',
        "The host's transform of a directory entry must give back an entry of the same kind and id, or undefined.",
      );
    return entry.kind === 'group' ? ({ ...result, members: entry.members } as DirectoryEntry) : result;
  };

  return {
    memberOf: scope.users ? scope.users.memberOf : undefined,
    selectionOf: (kind) => selectionOf(scope, kind),
    isWanted: (kind) => isWanted(scope, kind),
    leavesOut: (kind) => transform !== undefined || selectionOf(scope, kind) !== undefined,
    admit: async (entry) => (isInScope(scope, entry) ? transformed(entry) : undefined),
  };
}

function scopeFor(connection: Connection, scope: (connection: Connection) => DirectoryScope | undefined) {
  try {
    return scope(connection);
  } catch (cause) {
    throw new ConnectorError('refused', "The host's choice of a directory scope failed.", { cause });
  }
}

/** A page as it goes on to the sink. */
export interface SelectedChanges {
  /** What was left out is a removal here, where it may be stored. */
  readonly changes: readonly DirectoryChange[];
  /** Groups of which the page tells too little, because the sink did not have them: they are to be read whole. */
  readonly whole: readonly string[];
}

/**
 * Takes from a page what is wanted.
 *
 * @param round.full Everything is being read, so that a group comes with all its members, if none of its rows was left out.
 * @param round.leftOut Ids of groups of which rows were left out in this round; added to.
 * @param round.continued An earlier run began the full read, and nobody knows what it left out.
 * @param round.isWaiting Whether the removal of an entry waits for the end of the round.
 */
export async function selectChanges(
  selection: EntrySelection,
  changes: readonly DirectoryChange[],
  round: {
    readonly connectionId: string;
    readonly kind: DirectoryKind;
    readonly full: boolean;
    readonly generation: number;
    readonly continued: boolean;
    readonly leftOut: Set<string>;
    readonly sink: DirectorySink;
    readonly signal: AbortSignal;
    isWaiting(id: string): boolean;
  },
): Promise<SelectedChanges> {
  const { connectionId, kind, full, sink, signal, isWaiting } = round;
  if (!selection.leavesOut(kind)) return { changes, whole: [] };
  const selected: DirectoryChange[] = [];
  const leftOut = new Set<string>();
  const brought = new Set<string>();
  const last = new Map<string, 'brought' | 'gone'>();
  for (const change of changes) {
    signal.throwIfAborted();
    const id = change.type === 'removed' ? change.id : change.item.id;
    const item = change.type === 'removed' ? undefined : await selection.admit(change.item);
    if (item) brought.add(id);
    else if (change.type === 'upserted') leftOut.add(id);
    last.set(id, item ? 'brought' : 'gone');
    const gone = change.type === 'removed' ? change : leftScope(id);
    selected.push(item ? { type: 'upserted', item } : gone);
  }
  const present = new Set(await presentIn(sink, connectionId, kind, [...leftOut]));
  const arrived = kind === 'group' ? [...last].flatMap(([id, word]) => (word === 'brought' ? [id] : [])) : [];
  if (kind === 'group') for (const id of leftOut) round.leftOut.add(id);
  // Of these some rows are not known to have been stored: in a full read since it began, else ever.
  const isOpen = !full || round.continued;
  const since = full ? round.generation : 0;
  const stored = new Set(isOpen ? await presentIn(sink, connectionId, kind, arrived, since) : arrived);
  const whole = new Set(
    arrived.filter((id) => !stored.has(id) || (full ? round.leftOut.has(id) : isWaiting(id))),
  );
  // Where little is wanted, most of what a full read lists was never stored: nothing is to be remembered of it.
  const isNeeded = (id: string) => !leftOut.has(id) || present.has(id) || brought.has(id);
  return {
    changes: selected.filter((change) =>
      change.type === 'removed' ? isNeeded(change.id) : !whole.has(change.item.id),
    ),
    whole: [...whole],
  };
}

// It may enter the scope again.
const leftScope = (id: string): DirectoryChange => ({ type: 'removed', id, reason: 'recoverable' });
