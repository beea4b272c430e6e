import type { Connection } from './connection.ts';

/** Whose token it is. */
export interface TokenContext {
  readonly providerId: string;
  readonly tenantId: string;
  /** `undefined` while the tenant is being connected and belongs to nobody yet. */
  readonly connection: Connection | undefined;
}

/** What a host decides or adds. Hooks are awaited; those after the fact and around tokens for 30 seconds at most. */
export interface Hooks {
  /**
   * Who is at the browser, by the host's own session: an opaque id of the user, or `undefined` when nobody is signed in
   * or the user may not connect this organization. Asked at every step, and the answer must stay the same. Throwing refuses, too. Not asked
   * about an administrator who came by a link: there the link itself stands for who sent it.
   */
  authorize(
    request: Request,
    context: { readonly connection: Connection },
  ): Promise<string | undefined> | string | undefined;
  /**
   * After the connection became active, before the browser goes back to the host. The connection stays active when it throws or takes
   * longer than 30 seconds: that is logged, and the browser goes back all the same.
   */
  afterConnect?(
    connection: Connection,
    context: { readonly actor: string; readonly byLink: boolean },
  ): Promise<void> | void;
  /**
   * Before a token is asked for. Throwing, or taking longer than 30 seconds, refuses: no request is sent, and what needed the
   * token ends with `refused`.
   * It must not ask for a token of the same tenant itself: that would wait for this hook.
   */
  beforeTokenRefresh?(context: TokenContext): Promise<void> | void;
  /** After a token was renewed. The token itself is not passed around. What it throws is logged, and changes nothing. */
  afterTokenRefresh?(context: TokenContext & { readonly expiresAt: number }): Promise<void> | void;
}
