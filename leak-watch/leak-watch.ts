import { createSecrets, type Secrets } from './secrets.ts';
import { textOf } from './text-of.ts';

/** A secret where none belongs. */
export interface Leak {
  /** Such as `a log line`. */
  readonly sink: string;
  /** What it is; never the value. */
  readonly kind: string;
}

/** Looks at everything that leaves the connector for secrets that it knows. */
export interface LeakWatch {
  readonly learn: Secrets['learn'];
  /** Something came out here. It is looked at later: with all that is known by then, and not in the way of the work. */
  see(sink: string, value: unknown): void;
  /** What is to be seen takes time. */
  seeLater(sink: string, value: Promise<unknown>): void;
  /** The leaks since the last call. */
  takeLeaks(): Promise<readonly Leak[]>;
}

// Characters; large contents are measured for memory in the same process.
const MOST_WAITING = 1_000_000;

export function createLeakWatch(): LeakWatch {
  const secrets = createSecrets();
  const waiting = new Map<string, string[]>();
  const later = new Set<Promise<void>>();
  let length = 0;
  let leaks: Leak[] = [];

  const look = () => {
    for (const [sink, texts] of waiting)
      for (const kind of secrets.find(texts.join('\n')))
        if (!leaks.some((leak) => leak.sink === sink && leak.kind === kind)) leaks.push({ sink, kind });
    waiting.clear();
    length = 0;
  };
  const see = (sink: string, value: unknown) => {
    const text = typeof value === 'string' ? value : textOf(value);
    const texts = waiting.get(sink) ?? [];
    waiting.set(sink, texts);
    texts.push(text);
    length += text.length;
    if (length > MOST_WAITING) look();
  };

  return {
    learn: secrets.learn,
    see,
    seeLater(sink, value) {
      // Whoever made the promise is told when it fails.
      const seen = value.then(
        (text) => see(sink, text),
        () => undefined,
      );
      later.add(seen);
      void seen.then(() => later.delete(seen));
    },
    async takeLeaks() {
      await Promise.all(later);
      look();
      const taken = leaks;
      leaks = [];
      return taken;
    },
  };
}

/** What a test fails with. */
export const leaked = (leaks: readonly Leak[]): Error =>
  new Error(
    `A secret came out: ${leaks.map(({ sink, kind }) => `${kind} in ${sink}`).join('; ')}. Its value is not repeated here.`,
  );

/** The one of this process, which the setup of all tests asks. */
export const leakWatch: LeakWatch = createLeakWatch();
