/**
 * What a contract suite needs of a test runner: `describe` and `it`, as vitest, `node:test`, jest and mocha have them.
 * `it.skip`, where there is one, shows the cases that cannot be run and why.
 */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: ((name: string, body: () => Promise<void>) => unknown) & {
    readonly skip?: (name: string, body: () => Promise<void>) => unknown;
  };
}

/** How one case of a suite ended. */
export interface CaseResult {
  readonly name: string;
  /** What the case threw; absent when it held. */
  readonly error?: unknown;
  /** The case was not run; its name says why. */
  readonly skipped?: true;
}

/**
 * Runs a suite without a test runner, one case after the other.
 *
 * ```ts
 * const results = await runSuite((runner) => testStorage(runner, async () => memoryStorage()));
 * ```
 */
export async function runSuite(suite: (runner: TestRunner) => void): Promise<readonly CaseResult[]> {
  const cases: { readonly name: string; readonly body?: () => Promise<void> }[] = [];
  const it = Object.assign((name: string, body: () => Promise<void>) => void cases.push({ name, body }), {
    skip: (name: string) => void cases.push({ name }),
  });
  suite({ describe: (_, body) => body(), it });
  const results: CaseResult[] = [];
  for (const { name, body } of cases) {
    if (!body) {
      results.push({ name, skipped: true });
      continue;
    }
    try {
      await body();
      results.push({ name });
    } catch (error) {
      results.push({ name, error });
    }
  }
  return results;
}

/** Registers a case that cannot be run here; its name must say why. */
export function skip({ it }: TestRunner, name: string): void {
  const nothing = async () => {};
  if (it.skip) it.skip(name, nothing);
  else it(`NOT TESTED: ${name}`, nothing);
}
