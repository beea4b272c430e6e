/** Thrown by a route: an error answer of Graph. */
export class GraphFailure extends Error {
  override readonly name = 'GraphFailure';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** 404 of the directory. */
export function noObject(id: string): GraphFailure {
  return new GraphFailure(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

/** 404 of the mailbox store: the item was moved or deleted, or the id has another form than the request says. */
export function noItem(): GraphFailure {
  return new GraphFailure(404, 'ErrorItemNotFound', 'The specified object was not found in the store.');
}

/** 400 for what a request must not ask. */
export function badRequest(message: string, code = 'BadRequest'): GraphFailure {
  return new GraphFailure(400, code, message);
}

/** 410 of a delta token that is no longer known. */
export function expiredState(code: string, headers: Readonly<Record<string, string>> = {}): GraphFailure {
  return new GraphFailure(
    410,
    code,
    'The sync state generation is not found; generation=605;[highest=841][841][839][840].',
    headers,
  );
}
