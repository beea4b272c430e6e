// Deeper than any log or `inspect` shows; a socket in a cause is large.
const DEPTH = 8;
const MOST = 20_000;

/**
 * All text in a value, also where only `inspect` would show it: causes, symbols, and what `JSON.stringify` leaves out.
 * The stack of an error is left out: it repeats the message, and computing it takes long.
 */
export function textOf(value: unknown): string {
  const texts: string[] = [];
  const seen = new Set<object>();
  let visits = 0;
  const visit = (part: unknown, depth: number) => {
    if (typeof part === 'string') return void texts.push(part);
    if (typeof part === 'symbol') return void texts.push(part.description ?? '');
    if (typeof part !== 'object' || part === null || seen.has(part) || depth > DEPTH) return;
    seen.add(part);
    if (++visits > MOST) return;
    if (part instanceof URL) return void texts.push(part.href);
    if (part instanceof Request || part instanceof Response) texts.push(part.url);
    if (part instanceof Request || part instanceof Response) return visit(part.headers, depth + 1);
    if (ArrayBuffer.isView(part)) return void texts.push(...bytes(part));
    if (
      part instanceof Headers ||
      part instanceof URLSearchParams ||
      part instanceof Map ||
      part instanceof Set
    )
      for (const entry of part) visit(entry, depth + 1);
    for (const key of Reflect.ownKeys(part)) {
      if (key === 'stack') continue;
      visit(key, depth + 1);
      const { value: own } = Object.getOwnPropertyDescriptor(part, key) ?? {};
      visit(own, depth + 1);
    }
  };
  visit(value, 0);
  texts.push(json(value));
  return texts.join('\n');
}

const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => {
  const view = Buffer.from(buffer, byteOffset, Math.min(byteLength, 4096));
  return [view.toString('utf8'), view.toString('base64url')];
};

/** What `toJSON` makes of it may be nowhere else. */
function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}
