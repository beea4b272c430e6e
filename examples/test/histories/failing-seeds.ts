/** Histories that failed once, and what was wrong then. They come first; a change of the arbitraries makes others of them. */
export const failingSeeds: readonly {
  readonly seed: number;
  readonly path: string;
  readonly broke: string;
}[] = [
  {
    seed: 406176137,
    path: '137:0:0:0:0:0:0:3:7:8:10:8:8:8:8',
    broke:
      'A full read that broke off between its first page and its checkpoint began again with the same generation, so who was removed in between stayed.',
  },
  {
    seed: 1822867468,
    path: '46',
    broke: 'A sweep that was due when the process died was forgotten (with the record of it taken out).',
  },
];
