import { type BrokenAnswer, brokenAnswers } from '../broken-answer.ts';
import type { Quirks } from '../simulator-options.ts';
import type { DevProxyOptions, Scenario, ScenarioChange, ScenarioFault } from './scenario.ts';

type Check = (value: unknown, field: string) => void;
/** One check for each field, so that none is forgotten here when it is added there. */
type Fields<T> = Readonly<Record<keyof T, Check>>;

const refuse = (field: string, must: string): never => {
  throw new RangeError(`${field} must be ${must}.`);
};
const number =
  (least: number, most: number, whole = false): Check =>
  (value, field) => {
    const isGood = typeof value === 'number' && value >= least && value <= most;
    if (!isGood || (whole && !Number.isInteger(value)))
      refuse(field, `a ${whole ? 'whole ' : ''}number from ${least} to ${most}`);
  };
const text: Check = (value, field) => {
  if (typeof value !== 'string' || value === '') refuse(field, 'a text');
};
const flag: Check = (value, field) => {
  if (typeof value !== 'boolean') refuse(field, 'true or false');
};
const oneOf =
  (...words: readonly unknown[]): Check =>
  (value, field) => {
    if (!words.includes(value)) refuse(field, `one of ${words.join(', ')}`);
  };
const list =
  (check: Check): Check =>
  (value, field) => {
    if (!Array.isArray(value)) return refuse(field, 'a list');
    for (const [index, each] of value.entries()) check(each, `${field}[${index}]`);
  };
const fields =
  <T>(checks: Fields<T>, ...needed: readonly (keyof T & string)[]): Check =>
  (value, field) => {
    anyObject(value, field);
    const given = value as Readonly<Record<string, unknown>>;
    for (const [name, each] of Object.entries(given)) {
      if (!Object.hasOwn(checks, name)) throw new RangeError(`${field}.${name} is not known.`);
      if (each !== undefined) checks[name as keyof T](each, `${field}.${name}`);
    }
    for (const name of needed)
      if (given[name] === undefined) throw new RangeError(`${field}.${name} is missing.`);
  };

const SECONDS = number(0, 315_360_000);
const COUNT = number(0, 1_000_000_000, true);
const SHARE = number(0, 1);

const delivery = fields<{ after: unknown; ending: unknown; length: unknown }>(
  {
    after: SHARE,
    ending: oneOf('reset', 'end', 'stall', 'drip'),
    length: oneOf('true', 'cut', 'none'),
  },
  'ending',
);
const PAGES = ['twice', 'reversed', 'removedFirst', 'withoutLast', 'endsEarly', 'leadsNowhere'];
const anyObject: Check = (value, field) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(field, 'an object');
};

/** Names, and objects that say what kind of answer they are. */
const answer: Check = (value, field) => {
  if (typeof value === 'string') {
    if (!['hang', 'reset', 'claimsChallenge'].includes(value) && !Object.hasOwn(brokenAnswers, value))
      refuse(field, `an answer or one of ${NAMES.join(', ')}`);
    return;
  }
  const kinds: Readonly<Record<string, Check>> = {
    status: number(200, 599, true),
    aadsts: COUNT,
    merge: anyObject,
    callback: anyObject,
    deliver: delivery,
    page: oneOf(...PAGES),
  };
  anyObject(value, field);
  const kind = Object.keys(kinds).find((name) => name in (value as object));
  if (kind === undefined) return refuse(field, `a name or an object with ${Object.keys(kinds).join(', ')}`);
  kinds[kind]?.((value as Record<string, unknown>)[kind], `${field}.${kind}`);
};
const NAMES: readonly BrokenAnswer[] = Object.keys(brokenAnswers) as BrokenAnswer[];

const fault = fields<ScenarioFault>(
  {
    answer,
    route: text,
    mailbox: text,
    message: text,
    share: SHARE,
    by: oneOf('request', 'resource'),
    skip: COUNT,
    times: COUNT,
    from: SECONDS,
    until: SECONDS,
  },
  'answer',
);

const quirks = fields<Quirks>({
  emptyPages: SHARE,
  repeatedRows: SHARE,
  replays: SHARE,
  messagePage: number(1, 1_000, true),
  hiddenFoldersInDelta: flag,
  directoryPage: number(1, 100_000, true),
  consentRefusal: oneOf('byVersion', 'documentedV2', 'documentedV1', 'seen', 'subcode'),
  alteredState: flag,
  eligibleRolesInWids: flag,
});

const latency: Check = (value, field) => {
  list(number(0, 600_000))(value, field);
  const [least = 0, most = -1] = value as number[];
  if ((value as unknown[]).length !== 2 || least > most) refuse(field, 'two numbers, the smaller one first');
};

const devProxy = fields<DevProxyOptions>({
  rate: number(0, 100),
  codes: list(number(400, 599, true)),
  retryAfter: flag,
  rateLimit: flag,
  latency,
});

/**
 * Checks what came from a file or another process.
 *
 * @param calls Names that a change may call.
 * @throws RangeError that names the first field that is wrong, as `scenario.faults[2].share`
 */
export function parseScenario(value: unknown, calls: readonly string[]): Scenario {
  fields<Scenario>({
    seed: number(0, 4_294_967_295, true),
    faults: list(fault),
    changes: list(
      fields<ScenarioChange>(
        { at: SECONDS, call: oneOf(...calls), arguments: list(() => {}) },
        'at',
        'call',
        'arguments',
      ),
    ),
    quirks,
    devProxy,
  })(value, 'scenario');
  return value as Scenario;
}
