/** An answer to give in place of the real one, for tests of what a client does when a service misbehaves. */
export interface Fault {
  /** Route as it appears in the counts, e.g. `token` or `messages.value`; `*` is every route. */
  readonly route: string;
  /** Only requests of this tenant. */
  readonly tenantId?: string;
  /** Only requests about this mailbox. */
  readonly mailboxId?: string;
  /** How many requests get it. @default 1 */
  readonly times?: number;
  /**
   * What happens: an HTTP answer, a sign-in error by AADSTS number, no answer at all until the client gives up,
   * or a connection that breaks.
   */
  readonly answer:
    | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
    | { readonly aadsts: number }
    | 'hang'
    | 'reset';
}

/** @internal Thrown for `reset`: the server destroys the socket, and in-process callers see a failed fetch. */
export const RESET = 'The simulator broke the connection, as it was told to.';

/** @internal The faults that wait for their requests. */
export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  take(route: string, tenantId: string | undefined, mailboxId: string | undefined): Fault | undefined;
}

/** @internal Creates an empty list of faults. */
export function createFaults(): Faults {
  const waiting: { fault: Fault; left: number }[] = [];
  return {
    add: (fault) => {
      waiting.push({ fault, left: fault.times ?? 1 });
    },
    clear: () => {
      waiting.length = 0;
    },
    take: (route, tenantId, mailboxId) => {
      if (waiting.length === 0) return undefined;
      const index = waiting.findIndex(
        ({ fault }) =>
          (fault.route === '*' || fault.route === route) &&
          (fault.tenantId === undefined || fault.tenantId === tenantId) &&
          (fault.mailboxId === undefined || fault.mailboxId === mailboxId),
      );
      const found = waiting[index];
      if (found === undefined) return undefined;
      found.left -= 1;
      if (found.left <= 0) waiting.splice(index, 1);
      return found.fault;
    },
  };
}

/** @internal Answers nothing until the caller aborts. */
export function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
