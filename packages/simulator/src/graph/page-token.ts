import { hash32 } from '../random.ts';
import type { World } from '../world.ts';
import { badRequest } from './graph-failure.ts';

/** The shortest token that is handed out: real ones are long, and clients that cut them must fail here too. */
const SHORTEST = 96;

/** Makes an opaque token out of what the next page must know. */
export function encodeToken(world: World, state: object): string {
  const text = JSON.stringify(state);
  const sum = hash32(world.settings.seed, text).toString(36).padStart(7, '0');
  const body = Buffer.from(`${sum}${text}`).toString('base64url');
  return body.length >= SHORTEST ? body : `${body}.${'A'.repeat(SHORTEST - body.length - 1)}`;
}

/** Takes a token apart; one that was changed, cut or made up is refused. */
export function decodeToken<T extends object>(world: World, token: string): T {
  const text = Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString();
  const state = text.slice(7);
  if (
    text.length < 8 ||
    text.slice(0, 7) !== hash32(world.settings.seed, state).toString(36).padStart(7, '0')
  )
    throw badRequest('Badly formed token.');
  return JSON.parse(state) as T;
}
