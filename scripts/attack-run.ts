import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createVitest } from 'vitest/node';
import { replacementsOf } from '../examples/test/attacks/defence.ts';
import { defences } from '../examples/test/attacks/defences.ts';

/** What `prove-attacks.ts` asks this process for: the tests of one attack, or of all. */
export interface AttackRun {
  readonly attack?: number | undefined;
  /** The name of the defence to take out. */
  readonly without?: string | undefined;
  /** Whether the first failure is enough. */
  readonly bail?: boolean | undefined;
}

export interface AttackOutcome {
  readonly failed: readonly { readonly test: string; readonly errors: readonly string[] }[];
  /** What went wrong outside of the tests. */
  readonly broken: readonly string[];
}

process.env.WITHOUT_DEFENCE = '';
const sources = globSync('examples/test/attacks/*.test.ts').map((file) => ({
  file: resolve(file),
  text: readFileSync(file, 'utf8'),
}));
// One instance for all runs: most of the time would go into starting it and into translating the same files.
const vitest = await createVitest('test', {
  config: 'vitest.workspace.ts',
  project: ['examples'],
  watch: false,
  maxWorkers: 1,
  silent: true,
  reporters: [{}],
});

async function run({ attack, without = '', bail = false }: AttackRun): Promise<AttackOutcome> {
  const changed = [process.env.WITHOUT_DEFENCE, without].map((name) => defences.get(name ?? ''));
  process.env.WITHOUT_DEFENCE = without;
  for (const defence of changed)
    for (const { file } of defence ? replacementsOf(defence) : []) vitest.invalidateFile(resolve(file));
  for (const { config } of vitest.projects) config.bail = bail ? 1 : 0;
  if (attack === undefined) vitest.resetGlobalTestNamePattern();
  else vitest.setGlobalTestNamePattern(new RegExp(`attack ${attack}: `));
  const files = sources.filter(({ text }) => attack === undefined || text.includes(`attack ${attack}: `));
  if (files.length === 0) return { failed: [], broken: ['there is no test of it'] };
  const specifications = await vitest.globTestSpecifications(files.map(({ file }) => file));
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  const ran = testModules.filter(({ moduleId }) => files.some(({ file }) => file === moduleId));
  const tests = ran.flatMap(({ children }) => [...children.allTests()]);
  if (tests.every((test) => test.result().state === 'skipped') && ran.every((module) => module.ok()))
    return { failed: [], broken: ['there is no test of it'] };
  const described = (error: { readonly name?: string; readonly message?: string }) =>
    `${error.name}: ${error.message}`;
  return {
    failed: tests
      .filter((test) => test.result().state === 'failed')
      .map((test) => ({ test: test.fullName, errors: (test.result().errors ?? []).map(described) })),
    broken: [...ran.flatMap((module) => module.errors().map(described)), ...unhandledErrors.map(String)],
  };
}

process.on('message', async (asked: AttackRun) => {
  const outcome = await run(asked).catch((error): AttackOutcome => ({ failed: [], broken: [String(error)] }));
  process.exitCode = 0;
  process.send?.(outcome);
});
process.on('disconnect', () => process.exit());
