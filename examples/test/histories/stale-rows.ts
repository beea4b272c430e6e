interface Row {
  readonly id: string;
  readonly '@removed'?: unknown;
  readonly 'members@delta'?: unknown;
}

/**
 * A service that tells an object twice in one page: first as it was when it was last told, then as it is. "Use delta query to track
 * changes" allows this, and the last one holds.
 */
export function withStaleRows(
  fetch: (request: Request) => Promise<Response>,
): (request: Request) => Promise<Response> {
  const told = new Map<string, Row>();
  const twice = (row: Row): readonly Row[] => {
    const { 'members@delta': _, ...before } = told.get(row.id) ?? row;
    told.set(row.id, row);
    return row['@removed'] || before['@removed'] ? [row] : [before, row];
  };
  return async (request) => {
    const response = await fetch(request);
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    if (!new URL(request.url).pathname.endsWith('/delta') || response.status !== 200 || !isJson)
      return response;
    const text = await response.text();
    const { status, headers } = response;
    headers.delete('content-length');
    return new Response(isPage(text) ? doubled(text, twice) : text, { status, headers });
  };
}

// Half an answer stays half an answer.
const isPage = (text: string) => text.endsWith('}') && text.includes('"value":[');

function doubled(text: string, twice: (row: Row) => readonly Row[]): string {
  const page: { readonly value: readonly Row[] } = JSON.parse(text);
  return JSON.stringify({ ...page, value: page.value.flatMap(twice) });
}
