import type { Fault } from '@mailsphere/simulator';
import fc from 'fast-check';
import { type Change, change } from './changes.ts';
import type { Crash } from './crashing.ts';
import { type ScopeName, scopes } from './scopes.ts';

/** What a sync meets. */
export interface Sync {
  readonly do: 'sync';
  readonly allowRemovals: boolean;
  readonly crash?: Crash | undefined;
  readonly faults: readonly { readonly route: string; readonly answer: FaultName; readonly times: number }[];
  /** What happens to the tenant right before that request is answered. */
  readonly meanwhile: readonly { readonly request: number; readonly change: Change }[];
}

/** The host wants another part of the directory from now on. */
interface ChangeOfScope {
  readonly do: 'scope';
  readonly to: ScopeName;
}

export type Step = Change | Sync | ChangeOfScope | { readonly do: 'wait'; readonly hours: number };

export interface History {
  readonly page: number;
  readonly emptyPages: number;
  readonly repeatedRows: number;
  readonly staleRows: boolean;
  readonly threshold: { readonly share: number; readonly count: number };
  readonly recording: boolean;
  readonly scope: ScopeName;
  readonly steps: readonly Step[];
}

const RETRY = { 'retry-after': '7' };
/** What the service answers in place of the truth. */
export const faults = {
  unavailable: 'unavailableHtml',
  throttled: { status: 429, headers: RETRY },
  'throttled for long': { status: 429, headers: { 'retry-after': '600' } },
  'throttled without a time': { status: 429 },
  'server error': { status: 500 },
  'bad gateway': { status: 502 },
  reset: 'reset',
  'no body': 'empty',
  'empty object': 'emptyObject',
  'sign-in page of a network': 'html',
  'half an answer': {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"value":[{"id":"',
  },
  'leads nowhere': { merge: { '@odata.nextLink': null, '@odata.deltaLink': null } },
  'claims challenge': 'claimsChallenge',
  'cursor forgotten': { status: 410 },
} as const satisfies Readonly<Record<string, Fault['answer']>>;
type FaultName = keyof typeof faults;

const crash: fc.Arbitrary<Crash> = fc.record({
  of: fc.constantFrom('any', 'write', 'sink'),
  at: fc.oneof(
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 30 }),
    fc.integer({ min: 1, max: 90 }),
  ),
  when: fc.constantFrom('before', 'after', 'late'),
});
const fault = fc.record({
  route: fc.constantFrom('*', 'users.delta', 'contacts.delta', 'groups.delta'),
  answer: fc.constantFrom(...(Object.keys(faults) as FaultName[])),
  times: fc.integer({ min: 1, max: 4 }),
});
const sync: fc.Arbitrary<Sync> = fc.record({
  do: fc.constant('sync' as const),
  allowRemovals: fc.boolean(),
  crash: fc.option(crash, { nil: undefined, freq: 2 }),
  faults: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fault, { minLength: 1, maxLength: 3 }) },
  ),
  meanwhile: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.array(fc.record({ request: fc.integer({ min: 1, max: 25 }), change }), {
        minLength: 1,
        maxLength: 3,
      }),
    },
  ),
});
const scope = fc.constantFrom(...(Object.keys(scopes) as ScopeName[]));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: change },
  { weight: 4, arbitrary: sync },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      hours: fc.constantFrom(1, 25, 3 * 24, 7 * 24, 8 * 24),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('scope' as const), to: scope }) },
);

export const history: fc.Arbitrary<History> = fc.record({
  page: fc.integer({ min: 1, max: 7 }),
  emptyPages: fc.constantFrom(0, 0.5),
  repeatedRows: fc.constantFrom(0, 0.5),
  staleRows: fc.boolean(),
  threshold: fc.record({ share: fc.constantFrom(0.1, 0.3), count: fc.integer({ min: 0, max: 3 }) }),
  recording: fc.boolean(),
  scope: fc.oneof({ weight: 2, arbitrary: fc.constant('all' as const) }, { weight: 1, arbitrary: scope }),
  steps: fc.array(step, { minLength: 1, maxLength: 24, size: 'max' }),
});
