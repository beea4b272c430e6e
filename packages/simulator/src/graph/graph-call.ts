import type { Tenant } from '../directory/tenant.ts';
import type { BadDelivery } from '../fault.ts';
import type { IssuedToken } from '../login/access-token.ts';
import type { World } from '../world.ts';
import { badRequest } from './graph-failure.ts';
import type { Preference } from './preference.ts';

/** One request to Graph, on its own or as a part of a batch. */
export interface GraphCall {
  readonly world: World;
  readonly tenant: Tenant;
  readonly token: IssuedToken;
  readonly method: string;
  /** After the version, decoded. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly prefer: Preference;
  header(name: string): string | null;
  json(): Promise<unknown>;
}

/** What a route answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** It is to go wrong on the way. */
  readonly deliver?: BadDelivery['deliver'];
  /** Raw content in place of JSON. */
  readonly content?: { readonly bytes: number; readonly chunks: Generator<Uint8Array, void, undefined> };
}

/** A request that was recognised, before it runs. */
export interface Route {
  /** As it appears in the counts. */
  readonly name: string;
  /** Whose limits apply. */
  readonly limit: 'mailbox' | 'directory' | 'none';
  /** For mailbox routes: the user as it stands in the path. */
  readonly user?: string;
  run(call: GraphCall): Answer | Promise<Answer>;
}

/** `$select` as names, or undefined when there is none. */
export function selectOf(query: URLSearchParams): readonly string[] | undefined {
  const text = query.get('$select');
  if (text === null || text.trim() === '') return undefined;
  return text.split(',').map((name) => name.trim());
}

/** `$top`, when there is one; whole and at least 1. */
export function topOf(query: URLSearchParams): number | undefined {
  const text = query.get('$top');
  if (text === null) return undefined;
  const top = Number(text);
  if (!Number.isInteger(top) || top < 1)
    throw badRequest(`Invalid value '${text}' for $top query option found.`);
  return top;
}

/** A link to a path of this Graph; the names of the query keep their `$`. */
export function linkTo(world: World, path: string, query: Iterable<readonly [string, string]>): string {
  const parts = [...query].map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${world.settings.graphOrigin}/v1.0/${path}${parts.length === 0 ? '' : `?${parts.join('&')}`}`;
}

/** `@odata.context` of a collection. */
export function contextOf(world: World, fragment: string): string {
  return `${world.settings.graphOrigin}/v1.0/$metadata#${fragment}`;
}

/** The named properties of an object that were ever set. */
export function pick(object: object, names: readonly string[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  const source = object as Record<string, unknown>;
  for (const name of names) if (source[name] !== undefined) row[name] = source[name];
  return row;
}

/** The named properties of an object; those never set are null. */
export function pickAll(object: object, names: readonly string[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  const source = object as Record<string, unknown>;
  for (const name of names) row[name] = source[name] ?? null;
  return row;
}
