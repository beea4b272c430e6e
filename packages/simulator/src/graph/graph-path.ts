/**
 * Splits a path into segments the way Graph reads it: `users('x')` is `users/x`, `microsoft.graph.delta` and `delta()` are
 * `delta`, and names may be written in any case.
 */
export function segmentsOf(path: string): readonly string[] {
  const segments: string[] = [];
  for (const raw of path.split('/')) {
    if (raw === '') continue;
    const part = raw.includes('%') ? decode(raw) : raw;
    const call = part.endsWith(')') ? /^([A-Za-z.]+)\((.*)\)$/s.exec(part) : null;
    if (call === null) {
      segments.push(functionName(part));
      continue;
    }
    segments.push(functionName(call[1] ?? ''));
    const key = call[2] ?? '';
    if (key !== '') segments.push(unquote(key));
  }
  return segments;
}

function functionName(part: string): string {
  return part.toLowerCase() === 'microsoft.graph.delta' ? 'delta' : part;
}

/** `'o''brien'` is o'brien; `appId='…'` stays a named key, without the quotes. */
function unquote(key: string): string {
  const named = /^(\w+)='(.*)'$/s.exec(key);
  if (named !== null) return `${named[1]}=${(named[2] ?? '').replaceAll("''", "'")}`;
  return /^'.*'$/s.test(key) ? key.slice(1, -1).replaceAll("''", "'") : key;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
