import { type Clock, ConnectorError, type Cursor } from '@mailsphere/core';
import { Client, ResponseType } from '@microsoft/microsoft-graph-client';
import type { z } from 'zod';
import type { Cloud } from '../cloud.ts';
import type { TokenManager } from '../entra/token-manager.ts';
import type { Limiter } from '../limiter/limiter.ts';
import type { Transport } from '../transport/transport.ts';
import { authenticationStep } from './authentication-step.ts';
import { chain } from './chain.ts';
import { type ContentWatch, contentStream } from './content-stream.ts';
import { type GraphAnswer, GraphCall, type GraphQuery } from './graph-call.ts';
import { limiterStep } from './limiter-step.ts';
import { cursorOf } from './link-check.ts';
import { linkStep } from './link-step.ts';
import { pathText, type ResourcePath } from './resource-path.ts';
import { transportStep } from './transport-step.ts';

/** Microsoft Graph, version 1.0. */
export interface GraphClient {
  /** The answer as JSON of the given shape. */
  read<Schema extends z.ZodType>(query: GraphQuery, schema: Schema): Promise<z.output<Schema>>;
  /**
   * The answer's bytes. The request is in flight until they are read to the end or cancelled.
   * @throws ConnectorError as {@link graphRefusal} says; `unavailable` when there was no answer, or none of Graph's
   */
  stream(query: GraphQuery, watch?: ContentWatch): Promise<ReadableStream<Uint8Array>>;
  /**
   * What to keep of a link that leads on, for use as `link` of a query.
   * @throws ConnectorError `link_refused` when it does not go on with the same collection
   */
  cursor(link: string, path: ResourcePath): Cursor;
}

/** The official client with a chain of our own: link check, authentication, limiter, transport. */
export function createGraphClient(options: {
  readonly cloud: Cloud;
  readonly tokens: TokenManager;
  readonly limiter: Limiter;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
}): GraphClient {
  const { cloud, tokens, limiter, transport, clock, random } = options;
  const client = Client.initWithMiddleware({
    baseUrl: cloud.graph,
    defaultVersion: 'v1.0',
    middleware: chain(
      linkStep(cloud.graph),
      authenticationStep(tokens),
      limiterStep({ limiter, clock, random }),
      transportStep(transport, clock),
    ),
  });

  const send = async (call: GraphCall): Promise<GraphAnswer> => {
    const { path, query, headers } = call.query;
    try {
      return await client
        .api(query ? `${pathText(path)}?${query}` : pathText(path))
        .headers({ ...headers })
        .middlewareOptions([call])
        .responseType(ResponseType.RAW)
        .get();
    } catch (error) {
      throw call.failure ?? error;
    }
  };

  return {
    async read(query, schema) {
      const { json, headers } = await send(new GraphCall(query));
      const parsed = schema.safeParse(json);
      if (parsed.success) return parsed.data;
      const where = parsed.error.issues[0]?.path.map(String).join('.');
      throw new ConnectorError(
        'unexpected',
        `Microsoft Graph answered with another shape than documented: ${where}. Report it with its request id.`,
        {
          requestId: headers.get('request-id') ?? undefined,
        },
      );
    },
    async stream(query, watch) {
      const call = new GraphCall({ ...query, streamed: true });
      const { stream } = await send(call);
      const { permit } = call;
      if (!stream || !permit) throw new Error('A streamed call came back without its stream.');
      const { onBroken } = call;
      return contentStream(stream, { signal: query.signal, onEnd: () => permit.release(), onBroken, watch });
    },
    cursor: (link, path) => cursorOf(link, cloud.graph, path),
  };
}
