import type { BadPage } from '../fault.ts';
import type { World } from '../world.ts';
import { linkTo } from './graph-call.ts';
import { decodeToken, encodeToken } from './page-token.ts';

interface Row {
  readonly id?: unknown;
  readonly '@removed'?: unknown;
}

const NEXT = '@odata.nextLink';
const DELTA = '@odata.deltaLink';

/** A page of a message delta with a flaw. */
export function badPage(world: World, json: unknown, { page }: BadPage): unknown {
  const body = json as Record<string, unknown> & { value: readonly Row[] };
  const { value } = body;
  switch (page) {
    case 'twice':
      return { ...body, value: value.flatMap((row) => [row, row]) };
    case 'reversed':
      return { ...body, value: value.toReversed() };
    case 'removedFirst':
      return {
        ...body,
        value: [...value.filter((row) => row['@removed'] === undefined).map(removed), ...value],
      };
    case 'withoutLast':
      return { ...body, value: value.slice(0, -1) };
    case 'leadsNowhere': {
      const { [NEXT]: _next, [DELTA]: _delta, ...rest } = body;
      return rest;
    }
    case 'endsEarly': {
      const { [NEXT]: next, ...rest } = body;
      return typeof next === 'string' ? { ...rest, [DELTA]: endOf(world, next) } : body;
    }
  }
}

const removed = ({ id }: Row) => ({
  '@odata.type': '#microsoft.graph.message',
  id,
  '@removed': { reason: 'deleted' },
});

/** The link with which the next round would begin if this one were over. */
function endOf(world: World, nextLink: string): string {
  const { pathname, searchParams } = new URL(nextLink);
  const state = decodeToken<{ readonly e: number }>(world, searchParams.get('$skiptoken') ?? '');
  const token = encodeToken(world, { ...state, i: false, p: state.e, r: 0, w: undefined });
  return linkTo(world, pathname.replace('/v1.0/', ''), [['$deltatoken', token]]);
}
