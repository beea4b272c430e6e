/** One request as a {@link Transport} sends it. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST';
  /** Already checked against the allow-list. It is sent as it stands. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Do not use a connection that is open already: the last one led to a server that is out of order. A transport that
   * cannot choose may ignore it.
   * @default false
   */
  readonly newConnection?: boolean | undefined;
}

/** An answer, as soon as its headers are there. */
export interface TransportResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /**
   * The bytes with any content coding taken off. It is read once, and fails when the answer ends early.
   * Either read it to the end or call `cancel`.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the answer up and frees what it holds. Allowed at any time, also after the end. */
  cancel(): void;
}

/**
 * What sends a request. It follows no redirects, repeats nothing and adds no credentials.
 *
 * @example
 * const recorded: Transport = async (request) => { log(request.method); return next(request); };
 */
export interface Transport {
  /** @throws any error when no answer came; the provider decides whether to try again. */
  (request: TransportRequest): Promise<TransportResponse>;
  /** Closes what the transport holds open. The provider only closes a transport that it made itself. */
  close?(): Promise<void>;
}
