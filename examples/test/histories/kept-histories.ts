import type { History } from './history.ts';

const plain = {
  page: 1,
  emptyPages: 0,
  repeatedRows: 0,
  staleRows: false,
  threshold: { share: 0.1, count: 0 },
  recording: false,
  scope: 'all',
} as const;
const sync = { do: 'sync', allowRemovals: false, faults: [], meanwhile: [] } as const;

/** The process dies at one of the first writes of the first read. Which one is behind the first page depends on how much comes at once. */
const brokenOff = (at: number): History => ({
  ...plain,
  steps: [
    { ...sync, crash: { of: 'write', at, when: 'before' } },
    { do: 'remove', who: 1, how: 'hard' },
    sync,
  ],
});

/** Histories that are always played: each shows a fault that was there once, or that a change could bring. */
export const keptHistories: readonly { readonly shows: string; readonly history: History }[] = [
  ...Array.from({ length: 14 }, (_, index) => ({
    shows:
      'A full read that broke off between its first page and its checkpoint began again with the same generation, so who was removed in between stayed.',
    history: brokenOff(index + 1),
  })),
  {
    shows: 'A sweep that was due when the process died was forgotten.',
    history: {
      page: 1,
      emptyPages: 0,
      repeatedRows: 0,
      staleRows: true,
      threshold: { share: 0.1, count: 1 },
      recording: false,
      steps: [
        { do: 'move member', from: 0, to: 3, member: 1 },
        { do: 'remove many users', from: 0, count: 6 },
        { do: 'expire tokens' },
        { do: 'add user', mailbox: 'user', to: 0 },
        {
          do: 'sync',
          allowRemovals: true,
          faults: [],
          meanwhile: [
            { request: 2, change: { do: 'add contact', to: 1 } },
            { request: 13, change: { do: 'remove', who: 1, how: 'soft' } },
          ],
        },
        { do: 'rename', who: 4, name: '\u738b \u4f1f' },
        { do: 'remove many users', from: 1, count: 5 },
        { do: 'wait', hours: 192 },
        {
          do: 'sync',
          allowRemovals: false,
          crash: { of: 'write', at: 22, when: 'late' },
          faults: [
            { route: 'groups.delta', answer: 'reset', times: 3 },
            { route: 'contacts.delta', answer: 'sign-in page of a network', times: 3 },
          ],
          meanwhile: [],
        },
        { do: 'purge', who: 1 },
        {
          do: 'sync',
          allowRemovals: true,
          crash: { of: 'sink', at: 26, when: 'late' },
          faults: [],
          meanwhile: [{ request: 19, change: { do: 'nest each other', group: 3, other: 0 } }],
        },
      ],
      scope: 'all',
    },
  },
  {
    shows: 'Groups that enter the scope came with those members only who joined since.',
    history: {
      page: 3,
      emptyPages: 0,
      repeatedRows: 0,
      staleRows: false,
      threshold: { share: 0.1, count: 0 },
      recording: false,
      scope: 'people and lists',
      steps: [
        { do: 'add group', kind: 'security', members: [1, 2, 3] },
        { do: 'sync', allowRemovals: false, faults: [], meanwhile: [] },
        { do: 'set group', group: 0, kind: 'distribution' },
        { do: 'set group', group: 1, kind: 'distribution' },
        { do: 'set group', group: 2, kind: 'distribution' },
        { do: 'set group', group: 3, kind: 'distribution' },
        { do: 'set group', group: 4, kind: 'distribution' },
        { do: 'set group', group: 5, kind: 'distribution' },
        { do: 'set group', group: 6, kind: 'distribution' },
        { do: 'set group', group: 7, kind: 'distribution' },
        { do: 'set group', group: 8, kind: 'distribution' },
        { do: 'set group', group: 9, kind: 'distribution' },
        { do: 'set group', group: 10, kind: 'distribution' },
        { do: 'set group', group: 11, kind: 'distribution' },
        { do: 'sync', allowRemovals: false, faults: [], meanwhile: [] },
      ],
    },
  },
];
