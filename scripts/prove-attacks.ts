import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Defence, replacementsOf } from '../examples/test/attacks/defence.ts';
import { defences } from '../examples/test/attacks/defences.ts';
import type { AttackOutcome, AttackRun } from './attack-run.ts';

if (Number(process.versions.node.split('.')[0]) < 22)
  throw new Error('Node 22.19 or newer is needed: run "npm run attacks", which brings Node 24 along.');

// Each attack has tests named `attack <n>: …`, and at least one defence.
const ATTACKS = 23;
const MOST_PROCESSES = 6;

type Ask = (run: AttackRun) => Promise<AttackOutcome>;

function asker(child: ChildProcess): Ask {
  const ended = once(child, 'exit').then(([code]): [AttackOutcome] => [
    { failed: [], broken: [`the process of the tests ended with code ${code}`] },
  ]);
  return async (run) => {
    const answer = new AbortController();
    if (child.connected) child.send(run);
    const [outcome] = await Promise.race([once(child, 'message', { signal: answer.signal }), ended]);
    answer.abort();
    return outcome;
  };
}

/** What is wrong with the description of a defence itself. */
function misfit(defence: Defence): string | undefined {
  for (const { file, from, to } of replacementsOf(defence)) {
    const times = readFileSync(file, 'utf8').split(from).length - 1;
    if (times !== 1) return `${file} has ${times} times: ${from}`;
    if (from === to) return `${file}: nothing is taken out`;
  }
  return undefined;
}

/** Why the tests of the attack do not prove that this defence is needed. */
async function flaw(ask: Ask, without: string, defence: Defence, failsAnyway: ReadonlySet<string>) {
  const { attack } = defence;
  const wrong = misfit(defence);
  if (wrong !== undefined) return wrong;
  let others: readonly string[] = [];
  // The first failure is enough, if it is an assertion.
  for (const bail of [true, false]) {
    const { failed, broken } = await ask({ attack, without, bail });
    const errors = failed.filter(({ test }) => !failsAnyway.has(test)).flatMap((each) => each.errors);
    if (errors.some((error) => error.startsWith('AssertionError'))) return undefined;
    others = [...broken, ...errors];
    if (others.length === 0 && failed.length === 0) break;
  }
  const [other] = others;
  return other === undefined
    ? 'its tests pass all the same'
    : `no assertion fails, but: ${other.split('\n')[0]}`;
}

const startedAt = performance.now();
const problems: string[] = [];
// All, or those that are named: `npm run attacks -- 4 5`.
const asked = process.argv.slice(2).map(Number);
const attacks = asked.length > 0 ? asked : Array.from({ length: ATTACKS }, (_, index) => index + 1);
for (const attack of attacks)
  if (!defences.has(`${attack}/1`)) problems.push(`attack ${attack}: no defence is named`);

const children = Array.from({ length: Math.min(availableParallelism(), MOST_PROCESSES) }, () =>
  fork('scripts/attack-run.ts', { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
);
// A test that fails anyway proves nothing. Each process looks for itself at the attacks that it is given.
const chosen = [...defences].filter(([, { attack }]) => attacks.includes(attack));
const groups = [...Map.groupBy(chosen, ([, { attack }]) => attack)];
// The largest first, so that no process is left alone with it at the end.
const queue = groups.sort(([, one], [, other]) => other.length - one.length).values();
await Promise.all(
  children.map(async (child) => {
    const ask = asker(child);
    for (const [attack, ofAttack] of queue) {
      const { failed, broken } = await ask({ attack });
      for (const each of [...failed.map(({ test }) => test), ...broken])
        problems.push(`attack ${attack} fails with all defences in place: ${each}`);
      const failsAnyway = new Set(failed.map(({ test }) => test));
      for (const [name, defence] of ofAttack) {
        const problem = await flaw(ask, name, defence, failsAnyway);
        if (problem === undefined) console.log(`ok attack ${attack} fails without: ${defence.what}`);
        else problems.push(`attack ${attack} (${name}) without: ${defence.what}: ${problem}`);
      }
    }
    child.disconnect();
  }),
);
for (const problem of problems) console.log(`FAILED ${problem}`);
console.log(`${chosen.length} defences in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
if (problems.length > 0) process.exitCode = 1;
