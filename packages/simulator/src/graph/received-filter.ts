import { badRequest } from './graph-failure.ts';

/** Reads a filter on `receivedDateTime`, one or more comparisons joined by `and`; other filters are refused. */
export function receivedFilter(
  filter: string,
  operators: readonly string[],
): (receivedAt: number) => boolean {
  const terms = filter.split(/\s+and\s+/i).map((term) => {
    const match = /^\s*receivedDateTime\s+(\w+)\s+(\S+)\s*$/i.exec(term);
    const operator = match?.[1]?.toLowerCase() ?? '';
    const time = Date.parse(match?.[2] ?? '');
    if (!operators.includes(operator) || Number.isNaN(time))
      throw badRequest(
        `The filter '${filter}' is not simulated: only receivedDateTime with ${operators.join(', ')}.`,
        'ErrorInvalidRestriction',
      );
    return { operator, time };
  });
  return (receivedAt) =>
    terms.every(({ operator, time }) => {
      switch (operator) {
        case 'ge':
          return receivedAt >= time;
        case 'gt':
          return receivedAt > time;
        case 'le':
          return receivedAt <= time;
        case 'lt':
          return receivedAt < time;
        default:
          return receivedAt === time;
      }
    });
}
