import type { CallOptions, Cursor } from '@mailsphere/core';
import type { Context } from '@microsoft/microsoft-graph-client';
import type { LaneKey } from '../limiter/limiter.ts';
import type { Permit } from '../limiter/permit.ts';
import type { TransportResponse } from '../transport/transport.ts';
import type { ResourcePath } from './resource-path.ts';

/**
 * What a request is about, for that decides what a refusal says: the directory, a mailbox as a whole, one of its folders,
 * or a single item.
 */
export type Subject = 'directory' | 'mailbox' | 'folder' | 'item';

/** What is asked of Microsoft Graph, and on whose account. */
export interface GraphQuery {
  readonly tenantId: string;
  /** What the request is counted against. */
  readonly lane: LaneKey;
  readonly path: ResourcePath;
  /** Such as `$select=id`, without a question mark and encoded as needed. Not used with `link`. */
  readonly query?: string | undefined;
  /** What was kept of a link of the service; followed as it stands once it was checked. */
  readonly link?: Cursor | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly about: Subject;
  readonly signal?: AbortSignal | undefined;
  readonly maxWait: number;
  /** Told of each answer, also of those that are asked for again. */
  readonly onAnswer?: CallOptions['onAnswer'];
  /** Leave the body of a 200 to the caller, who gives the permit back. */
  readonly streamed?: boolean | undefined;
}

/** An answer of Graph: read, unless it is streamed. */
export interface GraphAnswer {
  readonly status: number;
  readonly headers: TransportResponse['headers'];
  /** Of a success that is not streamed. */
  readonly json: unknown;
  /** Of a refusal. */
  readonly text: string;
  /** Only of a streamed call. */
  readonly stream: TransportResponse | undefined;
}

/**
 * One call on its way through the middleware chain. A class, because the client library finds middleware options by
 * their constructor.
 */
export class GraphCall {
  readonly query: GraphQuery;
  /** The error as it was thrown: the library wraps what passes through it. */
  failure: unknown;
  /** The last answer was a 503: its connection leads to a server that is out of order. */
  newConnection = false;
  /** Of a streamed call that succeeded. */
  permit: Permit | undefined;
  /** Told when the content of such a call breaks off. */
  onBroken: () => void = () => {};

  constructor(query: GraphQuery) {
    this.query = query;
  }
}

export function callOf(context: Context): GraphCall {
  const call = context.middlewareControl?.getMiddlewareOptions(GraphCall);
  if (!(call instanceof GraphCall)) throw new Error('A request came without its call.');
  return call;
}

/** The library only hands the response through, and never looks at more of it than we put in. */
export const answerOf = (context: Context): GraphAnswer => context.response as unknown as GraphAnswer;

export function setAnswer(context: Context, answer: GraphAnswer): void {
  context.response = answer as unknown as Response;
}
