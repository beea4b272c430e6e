import {
  AN_HOUR_LATER,
  type Answer,
  between,
  DELTA,
  faults,
  few,
  MINUTES,
  pick,
  RECONCILED,
  RETRIED,
  type Row,
  some,
  VALUE,
} from './row.ts';

const transport: readonly Row[] = [
  ['N1', 'resetBeforeHeaders', undefined],
  ['N1', 'resetInBody', undefined],
  ['N1', 'resetAtEnd', undefined],
  ['N2', 'stallBeforeHeaders', undefined],
  ['N2', 'stallInBody', undefined],
  ['N2', 'drip', VALUE],
  ['N3', 'truncated', undefined],
  ['N3', 'chunksCut', undefined],
  ['N3', 'truncatedSilently', DELTA],
  ['N4', 'proxyPage', undefined],
  ['N4', 'html', undefined],
].map(([id, answer, route]) => ({
  id: id as string,
  name: `${answer}`,
  days: RETRIED,
  // So many in a row that one message may get three of them.
  mayPutOff: true,
  within: 20 * MINUTES,
  part: (town) => ({
    faults: [
      // More than a mailbox has slots: none of them may stay taken.
      { answer: answer as Answer, route: route ?? VALUE, mailbox: town.mailboxes[0] ?? '', times: 5 },
      some(answer as Answer, 0.02, route),
      few(town, answer as Answer, 6, route),
    ],
  }),
}));

const cut: Row = {
  id: 'N3',
  name: 'truncatedSilently within a message of several parts',
  part: ({ parted }) => ({
    faults: [0.5, 0.8].map((after) => ({
      answer: { deliver: { ending: 'end', length: 'cut', after } },
      route: VALUE,
      message: parted,
      times: 1,
    })),
  }),
};

const throttles: readonly Row[] = [
  'throttled',
  'throttledZero',
  'throttledFraction',
  'throttledLong',
  'throttledBare',
  'throttledGarbage',
  'throttledDate',
  'throttledPastDate',
].map((answer) => ({
  id: 'H1',
  name: answer,
  part: (town) => ({
    faults: [
      // In the middle of a page of messages, and anywhere.
      {
        answer: answer as Answer,
        route: VALUE,
        mailbox: town.mailboxes[0] ?? '',
        skip: between(town, 0, 3),
        times: 1,
      },
      some(answer as Answer, 0.01),
      few(town, answer as Answer, 4),
    ],
  }),
}));

const passing: readonly Row[] = [
  'serverError',
  'badGateway',
  'unavailable',
  'gatewayTimeout',
  'insufficientStorage',
  'requestTimeout',
  'tooEarly',
].flatMap((answer): readonly Row[] => [
  {
    id: 'H3',
    name: `${answer}, one in many`,
    days: RETRIED,
    within: MINUTES,
    part: faults(some(answer as Answer, 0.05)),
  },
  {
    id: 'H3',
    name: `${answer} for ten minutes`,
    mayPutOff: 'with others',
    days: RETRIED,
    part: (town) => {
      const from = between(town, 0, 5);
      return { faults: [{ answer: answer as Answer, from, until: from + 10 * MINUTES }] };
    },
  },
  {
    id: 'H3',
    name: `${answer} for ever on one message`,
    within: MINUTES,
    part: (town) => {
      const message = pick(town, town.messages);
      return { faults: [{ answer: answer as Answer, route: VALUE, message }], poison: [message] };
    },
  },
]);

const outages: readonly Row[] = (['serverError', 'badGateway'] as const).map((answer) => ({
  id: 'H3',
  name: `${answer} for nine minutes on every message`,
  mayPutOff: 'with others',
  days: RETRIED,
  part: (town) => {
    const from = between(town, 0, 5);
    return { faults: [{ answer, route: VALUE, from, until: from + 9 * MINUTES }] };
  },
}));

// The one new message of the second day must not be blamed for it.
const laterOutage: Row = {
  id: 'H3',
  name: 'serverError on every message for hours of the second day',
  part: () => ({
    faults: [{ answer: 'serverError', route: VALUE, from: 20 * 60 * MINUTES, until: 27 * 60 * MINUTES }],
  }),
};

const lone: Row = {
  id: 'H3',
  name: 'serverError for ever on the only message of a folder',
  part: ({ lone: message }) => ({
    faults: [{ answer: 'serverError', route: VALUE, message }],
    poison: [message],
  }),
};

const refusals: readonly Row[] = [
  { id: 'H4', name: 'a token that is refused', part: (town) => ({ faults: [few(town, 'tokenRefused', 3)] }) },
  { id: 'H4', name: 'a claims challenge', part: (town) => ({ faults: [few(town, 'claimsChallenge', 2)] }) },
  {
    id: 'H4',
    name: 'a policy that shuts a mailbox for a while',
    within: AN_HOUR_LATER,
    days: RETRIED,
    part: (town) => ({
      faults: [{ answer: 'accessDenied', mailbox: pick(town, town.mailboxes), from: 0, until: 20 * MINUTES }],
    }),
  },
  {
    id: 'H4',
    name: 'a permission that is missing for a moment',
    within: AN_HOUR_LATER,
    days: RETRIED,
    part: (town) => ({ faults: [few(town, 'accessDenied', 2)] }),
  },
  {
    id: 'H4',
    name: 'messages that are said to be gone',
    days: RECONCILED,
    part: (town) => ({ faults: [few(town, 'itemNotFound', 3, VALUE)] }),
  },
  ...(['conflict', 'stateNotFound', 'locked', 'badRequest'] as const).map(
    (answer): Row => ({
      id: 'H4',
      name: `${answer} on messages`,
      mayPutOff: true,
      days: RETRIED,
      part: (town) => ({ faults: [few(town, answer, 3, VALUE)] }),
    }),
  ),
];

const deltas: readonly Row[] = [
  { id: 'D1', name: 'empty pages', part: () => ({ quirks: { emptyPages: 0.5, messagePage: 2 } }) },
  { id: 'D1', name: 'repeated rows', part: () => ({ quirks: { repeatedRows: 0.5, messagePage: 2 } }) },
  { id: 'D1', name: 'replays', part: () => ({ quirks: { replays: 0.5, messagePage: 2 } }) },
  { id: 'D1', name: 'every row twice', part: faults(some('rowsTwice', 1)) },
  { id: 'D1', name: 'rows in another order', part: faults(some('rowsReversed', 1)) },
  { id: 'D1', name: 'removed before added', part: faults(some('rowsRemovedFirst', 0.5)) },
  {
    id: 'D2',
    name: '410 on a later page',
    part: (town) => ({
      quirks: { messagePage: 2 },
      faults: [{ ...few(town, 'stateNotFound', 1, DELTA), skip: between(town, 1, 8) }],
    }),
  },
  {
    id: 'D2',
    name: '410 on the first page',
    part: (town) => ({ faults: [{ ...few(town, 'stateNotFound', 1, DELTA), skip: 0 }] }),
  },
  {
    id: 'D2',
    name: '410 on every try for a while',
    part: (town) => ({
      faults: [{ answer: 'stateNotFound', route: DELTA, mailbox: pick(town, town.mailboxes), times: 30 }],
    }),
  },
  {
    id: 'D2',
    name: '410 for all that was kept',
    part: (town) => ({
      quirks: { messagePage: 2 },
      changes: [between(town, 1, 8), 6 * 60 * MINUTES].map((at) => ({
        at,
        call: 'expireTokens',
        arguments: [town.tenantId, 'mail'],
      })),
    }),
  },
  { id: 'D3', name: 'rows that never come', days: RECONCILED, part: faults(some('rowsWithoutLast', 0.3)) },
  {
    id: 'D3',
    name: 'pages that end too early',
    days: RECONCILED,
    part: () => ({ quirks: { messagePage: 2 }, faults: [some('pageEndsEarly', 0.3)] }),
  },
  {
    id: 'D3',
    name: 'pages that lead nowhere',
    part: (town) => ({ faults: [few(town, 'pageLeadsNowhere', 3, DELTA)] }),
  },
  {
    id: 'D3',
    name: 'a message that is moved away and back',
    days: RECONCILED,
    part: ({ tenantId, mailboxes: [mailbox], messages: [message] }) => ({
      changes: [
        { at: 1, call: 'moveMessage', arguments: [tenantId, mailbox, message, 'archive'] },
        { at: 2, call: 'moveMessage', arguments: [tenantId, mailbox, message, 'inbox'] },
      ],
    }),
  },
];

const mailboxes: readonly Row[] = [
  {
    id: 'D4',
    name: 'a mailbox that is switched off for a while',
    within: AN_HOUR_LATER,
    days: RETRIED,
    part: (town) => ({
      changes: [
        {
          at: between(town, 0, 3),
          call: 'updateUser',
          arguments: [town.tenantId, pick(town, town.mailboxes), { mailboxReadyAt: town.now + 20 * 60_000 }],
        },
      ],
    }),
  },
  {
    id: 'D4',
    name: 'a user who is deleted and restored',
    within: AN_HOUR_LATER,
    days: RETRIED,
    part: (town) => {
      const user = pick(town, town.mailboxes);
      return {
        changes: [
          { at: between(town, 0, 3), call: 'removeUser', arguments: [town.tenantId, user] },
          { at: between(town, 60, 1200), call: 'restoreUser', arguments: [town.tenantId, user] },
        ],
      };
    },
  },
  {
    id: 'D4',
    name: 'a user with a new UPN',
    part: (town) => ({
      changes: [
        {
          at: between(town, 0, 3),
          call: 'updateUser',
          arguments: [
            town.tenantId,
            pick(town, town.mailboxes),
            { userPrincipalName: 'renamed@contoso.com' },
          ],
        },
      ],
    }),
  },
  {
    id: 'D4',
    name: 'a folder that is deleted',
    part: (town) => ({
      changes: [
        {
          at: between(town, 0, 3),
          call: 'removeFolder',
          arguments: [town.tenantId, town.mailboxes[1], town.folderId],
        },
      ],
    }),
  },
  {
    id: 'D4',
    name: 'a mailbox on premises',
    within: AN_HOUR_LATER,
    part: ({ tenantId }) => ({
      changes: [
        { at: 0, call: 'addUser', arguments: [tenantId, { nickname: 'elsewhere', mailbox: 'none' }] },
        {
          at: 0,
          call: 'updateUser',
          arguments: [tenantId, 'elsewhere@contoso.com', { mail: 'elsewhere@contoso.com' }],
        },
      ],
    }),
  },
];

/** The rows of the fault matrix that are about reading mail. */
export const rows: readonly Row[] = [
  ...transport,
  cut,
  ...throttles,
  {
    id: 'H2',
    name: 'another application at the same mailbox',
    part: faults(some('throttledConcurrency', 0.05)),
  },
  ...passing,
  ...outages,
  laterOutage,
  lone,
  ...refusals,
  ...deltas,
  ...mailboxes,
  {
    id: 'R6',
    name: 'Dev Proxy, half of all requests',
    alone: true,
    within: 60 * MINUTES,
    part: () => ({ devProxy: { rate: 50, latency: [0, 5_000] } }),
  },
  {
    id: 'R6',
    name: 'Dev Proxy, half of all requests and sixty in a minute',
    alone: true,
    within: 60 * MINUTES,
    part: () => ({ devProxy: { rate: 50, latency: [0, 5_000], rateLimit: true } }),
  },
];
