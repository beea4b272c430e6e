import { randomUUID } from 'node:crypto';
import { type Clock, ConnectorError } from '@mailsphere/core';
import { aborted } from '../aborted.ts';
import { readText } from '../transport/body.ts';
import { paced } from '../transport/paced.ts';
import type { Transport, TransportResponse } from '../transport/transport.ts';
import type { Step } from './chain.ts';
import { callOf, type GraphQuery, setAnswer } from './graph-call.ts';
import { tellUsage } from './resource-units.ts';

const LONGEST_PAGE = 64 * 1_048_576;
const LONGEST_PROBLEM = 65_536;

/** Last of all: sends the request, and reads the answer unless it is to be streamed. */
export const transportStep =
  (transport: Transport, clock: Clock): Step =>
  async (context) => {
    const { query, newConnection } = callOf(context);
    try {
      const unpaced = await transport({
        method: 'GET',
        url: new URL(String(context.request)),
        headers: {
          ...(context.options?.headers as Record<string, string>),
          'client-request-id': randomUUID(),
        },
        signal: query.signal,
        newConnection,
      });
      const response = paced(unpaced, clock);
      refuseStrange(response, query);
      const { status, headers } = response;
      // Counted by the service whatever becomes of the body.
      tellUsage(query, headers);
      const answer = { status, headers, json: undefined, text: '', stream: undefined };
      // What cannot be read of a problem is given up: its status says enough.
      if (status >= 300)
        setAnswer(context, { ...answer, text: await readText(response, LONGEST_PROBLEM).catch(() => '') });
      else if (query.streamed) setAnswer(context, { ...answer, stream: response });
      // A page that is cut off where nobody announced its length shows here, and is asked for again.
      else setAnswer(context, { ...answer, json: jsonOf(await readText(response, LONGEST_PAGE)) });
    } catch (cause) {
      if (query.signal?.aborted) throw aborted(query.signal);
      if (ConnectorError.is(cause)) throw cause;
      throw new ConnectorError(
        'unavailable',
        'Microsoft Graph cannot be reached, or its answer broke off. Nothing is lost: try again when the way to it works.',
        {
          cause,
        },
      );
    }
  };

/** What Graph itself would not send. */
function refuseStrange(response: TransportResponse, { streamed }: GraphQuery): void {
  const { status } = response;
  const kind = response.headers.get('content-type')?.toLowerCase() ?? '';
  if (status >= 300 && status < 400) {
    response.cancel();
    throw new ConnectorError(
      'link_refused',
      'Microsoft Graph answered with a redirect, which is not followed: look for a proxy on the way.',
    );
  }
  // A page of something in between, or an error under a false flag, is never taken for the content.
  if (status < 300 && (kind.startsWith('text/html') || (streamed && kind.startsWith('application/json')))) {
    response.cancel();
    throw new ConnectorError(
      'unavailable',
      'The answer is not what Microsoft Graph would send: look for a proxy on the way.',
    );
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own error quotes the page, which holds people's data.
    throw new Error(`The answer is no JSON; it has ${text.length} characters.`);
  }
}
