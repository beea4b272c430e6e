import { type Row, VALUE } from './row.ts';

/** What does not hold, and why. */
export const gaps: readonly (Row & { readonly because: string })[] = [
  {
    id: 'N3',
    name: 'truncatedSilently within a message of one part',
    because: 'nothing in it tells where it ends',
    part: ({ plain }) => ({
      faults: [{ answer: 'truncatedSilently', route: VALUE, message: plain, times: 1 }],
    }),
  },
];
