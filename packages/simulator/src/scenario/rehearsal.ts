import type { Clock } from '../clock.ts';
import { answerOf, type FaultAnswer, type FaultQuery, fits } from '../fault.ts';
import type { Answer } from '../graph/graph-call.ts';
import type { GraphRequest } from '../graph/graph-service.ts';
import { share } from '../random.ts';
import { createDevProxy, type DevProxy } from './dev-proxy.ts';
import type { Scenario, ScenarioChange, ScenarioFault } from './scenario.ts';
import { createTally } from './tally.ts';

/** @internal The scenario that is under way, if any. */
export interface Rehearsal {
  /** Begins a scenario in place of the one before; undefined ends it. `change` makes its changes. */
  begin(scenario: Scenario | undefined, change: (one: ScenarioChange) => void): void;
  take(query: FaultQuery): { readonly answer: FaultAnswer; readonly afterMs: number } | undefined;
  /** Undefined at once when there is none, so that a request without one runs as it always did. */
  proxy(request: GraphRequest): Promise<Answer | undefined> | undefined;
}

/** @internal Nothing goes wrong until a scenario begins. */
export function createRehearsal({
  clock,
  seed,
}: {
  readonly clock: Clock;
  readonly seed: number;
}): Rehearsal {
  let rules: readonly ((query: FaultQuery, seconds: number) => FaultAnswer | undefined)[] = [];
  let changes: ScenarioChange[] = [];
  let change: (one: ScenarioChange) => void = () => {};
  let proxy: DevProxy | undefined;
  let began = 0;

  const makeChanges = () => {
    while (changes.length > 0 && (changes[0]?.at ?? 0) * 1000 <= clock.now() - began) {
      const next = changes.shift();
      if (next !== undefined) change(next);
    }
  };
  return {
    begin: (scenario, makeChange) => {
      const chosen = scenario?.seed ?? seed;
      rules = (scenario?.faults ?? []).map((fault, index) => ruleOf(fault, chosen, index));
      changes = [...(scenario?.changes ?? [])].sort((one, other) => one.at - other.at);
      change = makeChange;
      proxy = scenario?.devProxy === undefined ? undefined : createDevProxy(scenario.devProxy, chosen, clock);
      began = clock.now();
    },
    take: (query) => {
      const seconds = (clock.now() - began) / 1000;
      for (const rule of rules) {
        const answer = rule(query, seconds);
        if (answer !== undefined) return { answer, afterMs: 0 };
      }
      return undefined;
    },
    proxy: (request) => {
      makeChanges();
      return proxy?.(request);
    },
  };
}

function ruleOf(fault: ScenarioFault, seed: number, index: number) {
  const { share: part = 1, by = 'request', from = 0, until = Number.POSITIVE_INFINITY } = fault;
  const answer = answerOf(fault.answer);
  const tally = createTally();
  let spared = fault.skip ?? 0;
  let left = fault.times ?? Number.POSITIVE_INFINITY;
  return (query: FaultQuery, seconds: number): FaultAnswer | undefined => {
    if (left <= 0 || seconds < from || seconds >= until) return undefined;
    if (!isAbout(fault, query) || !fits(answer, query)) return undefined;
    if (part < 1) {
      // By resource and not by order, so that the same ones fail however the requests run side by side.
      const drawn =
        by === 'resource'
          ? share(seed, index, query.path)
          : share(seed, index, query.path, tally.next(query.path));
      if (drawn >= part) return undefined;
    }
    if (spared-- > 0) return undefined;
    left -= 1;
    return answer;
  };
}

function isAbout({ route = '*', mailbox, message }: ScenarioFault, query: FaultQuery): boolean {
  if (route === '*' ? query.service !== 'graph' : route !== query.route) return false;
  if (mailbox !== undefined && mailbox !== query.mailboxId && !isSame(mailbox, query.mailboxName))
    return false;
  return message === undefined || query.path.split('/').some((part) => decodeURIComponent(part) === message);
}

const isSame = (one: string, other: string | undefined) => one.toLowerCase() === other?.toLowerCase();
