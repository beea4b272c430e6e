import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@mailsphere/core';

interface Session {
  readonly id: string;
  readonly personId: string;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** Who is signed in, by a signed cookie: there is no table of sessions, so that any process can read it. */
export interface Sessions {
  /** The id of the person, by the `cookie` header of a request. */
  personId(cookieHeader: string | null | undefined): string | undefined;
  /** A session of its own for each sign-in. Returns the `set-cookie` header. */
  start(personId: string): string;
  /** Ends the session, if there is one. Returns the `set-cookie` header. */
  end(cookieHeader: string | null | undefined): string;
}

const LIFE = 8 * 3600_000;

/** @param key At least 32 characters that nobody can guess. */
export function createSessions(options: {
  readonly key: string;
  /** Whether the host is reached by https: cookies are for https only, then. */
  readonly secure: boolean;
  readonly clock: Clock;
}): Sessions {
  const { key, secure, clock } = options;
  const name = secure ? '__Host-session' : 'session';
  // Lax: the browser comes back from the sign-in of another site.
  const traits = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  // A signed cookie stays good after signing out, so those that were ended are remembered until they expire.
  const ended = new Map<string, number>();

  const sign = (payload: string) => createHmac('sha256', key).update(payload).digest();
  const read = (cookieHeader: string | null | undefined): Session | undefined => {
    for (const pair of (cookieHeader ?? '').split(';')) {
      const [, payload = '', signature = ''] =
        new RegExp(`^\\s*${name}=([\\w-]+)\\.([\\w-]{43})\\s*$`).exec(pair) ?? [];
      const given = Buffer.from(signature, 'base64url');
      if (given.length !== 32 || !timingSafeEqual(given, sign(payload))) continue;
      const session: Session = JSON.parse(Buffer.from(payload, 'base64url').toString());
      if (session.until > clock.now() && !ended.has(session.id)) return session;
    }
    return undefined;
  };

  return {
    personId: (cookieHeader) => read(cookieHeader)?.personId,
    start(personId) {
      const id = randomBytes(16).toString('base64url');
      const session: Session = { id, personId, until: clock.now() + LIFE };
      const payload = Buffer.from(JSON.stringify(session)).toString('base64url');
      return `${name}=${payload}.${sign(payload).toString('base64url')}; Max-Age=${LIFE / 1000}; ${traits}`;
    },
    end(cookieHeader) {
      const session = read(cookieHeader);
      for (const [id, until] of ended) if (until <= clock.now()) ended.delete(id);
      if (session) ended.set(session.id, session.until);
      return `${name}=; Max-Age=0; ${traits}`;
    },
  };
}
