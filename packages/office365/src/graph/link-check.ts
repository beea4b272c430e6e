import { ConnectorError, type Cursor } from '@mailsphere/core';
import { type ResourcePath, samePath } from './resource-path.ts';

const VERSION = '/v1.0';
const LONGEST = 16_384;

/**
 * The address to send a request to, if it is what it should be: at this cloud's Graph, in version 1.0, and about the same
 * thing as the request that it continues. Called before a token is attached.
 *
 * @param graph The origin of the cloud's Graph.
 * @throws ConnectorError `link_refused`; the message does not repeat the link, which holds ids and tokens
 */
export function checkLink(link: string, graph: string, path: ResourcePath): URL {
  if (link.length > LONGEST || !URL.canParse(link)) throw refused('is not a URL');
  // What a URL parser would repair silently, and another parser otherwise, the service does not write.
  if (/[\s\\\p{Cc}]/u.test(link)) throw refused('holds characters that no link has');
  const url = new URL(link);
  if (url.origin !== graph) throw refused('leads to another host');
  if (url.username || url.password || authorityOf(link).includes('@')) throw refused('holds a user name');
  if (url.hash) throw refused('holds a fragment');
  if (!url.pathname.startsWith(`${VERSION}/`)) throw refused('leads outside version 1.0');
  if (!samePath(url.pathname.slice(VERSION.length), path)) throw refused('is about something else');
  return url;
}

/** The cursor that stands for a link: the link without its origin, so that it holds wherever this cloud's Graph is reached. */
export function cursorOf(link: string, graph: string, path: ResourcePath): Cursor {
  checkLink(link, graph, path);
  return link.slice(link.indexOf('/', link.indexOf('//') + 2));
}

/** The link that a cursor stands for. It comes from a storage, so it is checked like any other before it is followed. */
export function linkOf(cursor: Cursor, graph: string): string {
  if (!cursor.startsWith('/')) throw refused('is not a path');
  return graph + cursor;
}

// An empty user name leaves no trace in the parsed URL.
const authorityOf = (link: string) => /^[a-z]+:\/*([^/?#]*)/i.exec(link)?.[1] ?? '';

const refused = (problem: string) =>
  new ConnectorError(
    'link_refused',
    `A link of the service, or a cursor, was refused: it ${problem}. Nothing was sent; read everything again.`,
  );
