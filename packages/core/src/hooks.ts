import type { Connection } from './connection.ts';

/** What a host decides or adds. Hooks are awaited. */
export interface Hooks {
  /**
   * Who is at the browser, by the host's own session: an opaque id of the user, or `undefined` when nobody is signed in
   * or the user may not connect this organization. Asked at every step, and the answer must stay the same. Throwing refuses, too.
   */
  authorize(
    request: Request,
    context: { readonly connection: Connection },
  ): Promise<string | undefined> | string | undefined;
  /**
   * After the connection became active, before the browser goes back to the host. The connection stays active when it throws: that is logged,
   * and the browser goes back all the same.
   */
  afterConnect?(connection: Connection, context: { readonly actor: string }): Promise<void> | void;
}
