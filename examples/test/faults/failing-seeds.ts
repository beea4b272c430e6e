/** Histories that failed once: the rows and the seed, and what was wrong then. They come first. */
export const failingSeeds: readonly {
  readonly rows: readonly string[];
  readonly seed: number;
  readonly broke: string;
}[] = [
  {
    rows: [
      'H3 gatewayTimeout, one in many',
      'D4 a mailbox that is switched off for a while',
      'H4 a token that is refused',
      'D3 a message that is moved away and back',
    ],
    seed: 585_099_388,
    broke: 'tries in an outage counted against a message that was tried once more after it',
  },
  {
    rows: ['H4 a claims challenge', 'N1 resetAtEnd'],
    seed: 585_099_400,
    broke: 'a message whose content broke off was asked for three times within a moment',
  },
  {
    rows: ['H1 throttledFraction', 'N3 truncatedSilently', 'H3 requestTimeout for ten minutes', 'N4 html'],
    seed: 585_388_356,
    broke: 'the page of a proxy was taken for a success of the service by what watches the waits',
  },
  {
    rows: [
      'H3 requestTimeout, one in many',
      'H1 throttledLong',
      'D1 repeated rows',
      'H3 tooEarly, one in many',
    ],
    seed: 585_934_082,
    broke: 'a service that failed at one request in ten was not taken for an unsteady one',
  },
  {
    rows: ['H3 tooEarly for ten minutes', 'D4 a user who is deleted and restored'],
    seed: 585_934_330,
    broke: 'a user who was not there when mailboxes were looked for counted as one who was left waiting',
  },
  {
    rows: [
      'H1 throttledZero',
      'H3 unavailable for ever on one message',
      'H3 tooEarly, one in many',
      'H4 a claims challenge',
    ],
    seed: 586_493_118,
    broke: 'messages were put off for a token that was refused twice',
  },
  {
    rows: [
      'H4 a claims challenge',
      'D1 removed before added',
      'H3 badGateway for ten minutes',
      'D2 410 on the first page',
    ],
    seed: 586_492_927,
    broke: 'a message was put off for a token that was refused twice',
  },
];
