import { z } from 'zod';
import type { Attempts } from './attempt.ts';
import { randomSecret } from './attempt.ts';
import type { BaseUrl } from './base-url.ts';
import { COOKIE_VALUE, cookieHeader } from './browser-cookie.ts';
import type { Connection } from './connection.ts';
import type { ConnectionRegistry } from './connections.ts';
import { ConnectorError } from './connector-error.ts';
import type { Invitations } from './invitation.ts';
import { parseRequest } from './options.ts';
import { connectionId, text } from './requests.ts';
import { sha256 } from './sha256.ts';

export interface BeginRequest {
  readonly connectionId: string;
  /** The host's opaque id of the person who starts it, of 1 to 200 characters; the same person must finish it. */
  readonly actor: string;
  /** Where the browser goes in the end: a path of the host, or a URL of the same origin as `baseUrl`. @default '/' */
  readonly returnTo?: string | undefined;
  /** The value of the browser's cookie, if it has one already: the `cookie` of an earlier `Begun`. */
  readonly cookie?: string | undefined;
}

export interface Begun {
  /** Where to send the browser: the sign-in of exactly this tenant. */
  readonly location: string;
  /** The value of the cookie that binds the attempt to this browser. */
  readonly cookie: string;
  /**
   * The same as a complete `Set-Cookie` header: a host that calls `begin` itself sends it along with the redirect. The cookie's
   * name is `__Secure-mailsphere_connect`, and `mailsphere_connect` where `baseUrl` is plain http.
   */
  readonly setCookie: string;
}

export interface InviteRequest {
  readonly connectionId: string;
  /** The host's opaque id of the person who sends the link, of 1 to 200 characters. `connection.authorized` names it once the link was used. */
  readonly actor: string;
  /**
   * Where the browser goes in the end: a path of the host that needs no sign-in, or a URL of the same origin as `baseUrl`.
   * @default a page of the connector that names both sides
   */
  readonly returnTo?: string | undefined;
}

export interface Invited {
  /** For one administrator of the tenant, to be sent by mail or otherwise. Whoever has it can begin, and is shown for whom. */
  readonly link: string;
  /** Epoch milliseconds: three days from now. */
  readonly expiresAt: number;
}

/** How an authorization begins: by a user of the host, or by a link that one sent. */
export interface AuthorizationBegin {
  begin(request: BeginRequest): Promise<Begun>;
  invite(request: InviteRequest): Promise<Invited>;
  /** What the page of the link names. Looking uses nothing up. @throws ConnectorError `attempt_invalid` */
  invited(secret: string): Promise<Connection>;
  /** The person at the link's page wants to go on. @throws ConnectorError `attempt_invalid` */
  accept(secret: string, cookie: string | undefined): Promise<Begun>;
}

const actor = text("the host's id of a person", 200);
const returnTo = z.string('must be a path, or a URL of the same origin as baseUrl').optional();
const cookie = z
  .string('must be the value of the cookie')
  .regex(COOKIE_VALUE, 'must be the value of the cookie as begin gave it, without name and attributes')
  .optional();
const beginSchema = z.strictObject({ connectionId, actor, returnTo, cookie });
const inviteSchema = z.strictObject({ connectionId, actor, returnTo });

export function createAuthorizationBegin(context: {
  readonly connections: ConnectionRegistry;
  readonly attempts: Attempts;
  readonly invitations: Invitations;
  readonly baseUrl: BaseUrl;
  /** Registered at the service. */
  readonly redirectUri: string;
}): AuthorizationBegin {
  const { connections, attempts, invitations, baseUrl, redirectUri } = context;

  const requireLive = async (id: string) => {
    const connection = await connections.require(id);
    if (connection.status !== 'disconnected') return connection;
    throw new ConnectorError('refused', 'The connection was ended: register the tenant again.');
  };

  const start = async (
    connection: Connection,
    cookie: string,
    who: { readonly actor: string; readonly returnTo: string | undefined; readonly invitation?: string },
  ): Promise<Begun> => {
    const nonce = randomSecret();
    const codeVerifier = randomSecret();
    const browser = sha256(cookie);
    const state = await attempts.create({ ...who, leg: 'sign_in', browser, nonce, codeVerifier }, connection);
    const location = connections.provider(connection).authorization.signInUrl(connection.tenant, {
      redirectUri,
      state,
      nonce,
      codeChallenge: Buffer.from(sha256(codeVerifier), 'hex').toString('base64url'),
    });
    return { location, cookie, setCookie: cookieHeader(cookie, baseUrl) };
  };

  return {
    async begin(request) {
      const { cookie = randomSecret(), ...asked } = parseRequest(beginSchema, request);
      const connection = await requireLive(asked.connectionId);
      const target = sameOrigin(asked.returnTo ?? '/', baseUrl);
      return start(connection, cookie, { actor: asked.actor, returnTo: target });
    },
    async invite(request) {
      const asked = parseRequest(inviteSchema, request);
      const connection = await requireLive(asked.connectionId);
      const target = asked.returnTo === undefined ? undefined : sameOrigin(asked.returnTo, baseUrl);
      const sent = { actor: asked.actor, returnTo: target };
      const { secret, expiresAt } = await invitations.create(sent, connection);
      return { link: `${baseUrl.href}/invitation?link=${secret}`, expiresAt };
    },
    async invited(secret) {
      const { invitation } = await invitations.open(secret);
      return connections.require(invitation.connectionId);
    },
    async accept(secret, cookie = randomSecret()) {
      const { id, invitation } = await invitations.open(secret);
      const connection = await requireLive(invitation.connectionId);
      const { actor, returnTo } = invitation;
      return start(connection, cookie, { actor, returnTo, invitation: id });
    },
  };
}

/** @throws ConnectorError `invalid_request` when it leads away from the host */
function sameOrigin(returnTo: string, baseUrl: BaseUrl): string {
  const url = URL.parse(returnTo, baseUrl.origin);
  // The origin of a blob: URL is that of the URL within it.
  const isPage = url !== null && url.protocol !== 'blob:' && url.origin === baseUrl.origin;
  if (isPage && url.username === '' && url.password === '') return url.href;
  throw new ConnectorError(
    'invalid_request',
    'returnTo: must be a path, or a URL of the same origin as baseUrl',
    { field: 'returnTo' },
  );
}
