import type { DirectoryKind, DirectorySink } from './directory.ts';

// What `present` of a sink takes.
const ASKED_AT_ONCE = 500;

/** As `present` of the sink, of any number of ids. */
export async function presentIn(
  sink: DirectorySink,
  connectionId: string,
  kind: DirectoryKind,
  ids: readonly string[],
  generation = 0,
): Promise<readonly string[]> {
  const present: string[] = [];
  for (let from = 0; from < ids.length; from += ASKED_AT_ONCE) {
    const some = ids.slice(from, from + ASKED_AT_ONCE);
    present.push(...(await sink.present(connectionId, kind, some, generation)));
  }
  return present;
}
