import { ConnectorError, type Cursor } from '@mailsphere/core';
import { z } from 'zod';
import type { GraphQuery } from './graph-call.ts';
import type { GraphClient } from './graph-client.ts';

/** A page of a collection, as Graph writes it. */
export interface CollectionPage<Row> {
  readonly rows: readonly Row[];
  readonly nextLink: Cursor | undefined;
  readonly deltaLink: Cursor | undefined;
}

export type PageReader<Row> = (query: GraphQuery) => Promise<CollectionPage<Row>>;

/** Reads single pages of rows of one shape. */
export function pageReader<Schema extends z.ZodType>(
  graph: GraphClient,
  row: Schema,
): PageReader<z.output<Schema>> {
  const schema = z.object({
    value: z.array(row),
    '@odata.nextLink': z.string().optional(),
    '@odata.deltaLink': z.string().optional(),
  });
  return async (query) => {
    const page = await graph.read(query, schema);
    // Checked when it comes, too: a link that will not be followed must not become anybody's cursor.
    const [nextLink, deltaLink] = [page['@odata.nextLink'], page['@odata.deltaLink']].map((link) =>
      link === undefined ? undefined : graph.cursor(link, query.path),
    );
    // A page that leads to itself would be read for ever.
    if (nextLink !== undefined && nextLink === query.link)
      throw new ConnectorError(
        'unexpected',
        'A page of Microsoft Graph leads to itself: read everything again.',
      );
    return { rows: page.value, nextLink, deltaLink };
  };
}

/** The pages of a delta round, each with the link to go on from. */
export async function* deltaPages<Row>(
  read: PageReader<Row>,
  query: GraphQuery,
): AsyncGenerator<{ readonly rows: readonly Row[]; readonly cursor: Cursor; readonly caughtUp: boolean }> {
  let { link } = query;
  for (;;) {
    const { rows, nextLink, deltaLink } = await read({ ...query, link });
    const cursor = nextLink ?? deltaLink;
    if (cursor === undefined)
      throw new ConnectorError(
        'unexpected',
        'A delta page of Microsoft Graph leads nowhere: read everything again.',
      );
    yield { rows, cursor, caughtUp: nextLink === undefined };
    if (nextLink === undefined) return;
    link = nextLink;
  }
}
