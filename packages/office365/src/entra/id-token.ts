import { type Clock, ConnectorError, type SignedInPerson } from '@mailsphere/core';
import { jwtVerify } from 'jose';
import { z } from 'zod';
import type { KeyRing } from './key-ring.ts';
import { mayGrantRoles } from './roles.ts';
import { isGuid, personalAccounts } from './tenant-id.ts';

const claimsSchema = z.object({
  tid: z.string(),
  oid: z.string(),
  nonce: z.string(),
  /** 0: a member, 1: a guest. Only where the app registration asks for it; without it nobody knows. */
  acct: z.coerce.number().optional(),
  wids: z.array(z.string()).optional(),
});

const CLOCK_TOLERANCE = 300;

export interface IdTokenExpectation {
  readonly tenantId: string;
  readonly clientId: string;
  readonly nonce: string;
}

/**
 * Who signed in, if the token was made by this tenant, for this application and this attempt.
 *
 * @throws ConnectorError `attempt_invalid`, or `consent_refused` for guests and personal accounts
 */
export async function validateIdToken(
  token: string,
  expected: IdTokenExpectation,
  options: { readonly keyRing: KeyRing; readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<SignedInPerson> {
  const { tenantId, clientId, nonce } = expected;
  const keys = await options.keyRing.of(tenantId, options.signal);
  const { payload } = await jwtVerify(
    token,
    async ({ kid }) => {
      const key = kid === undefined ? undefined : await keys.key(kid);
      if (!key) throw invalid('is signed by a key that does not sign for this tenant');
      return key;
    },
    {
      algorithms: ['RS256'],
      issuer: keys.issuer,
      audience: clientId,
      clockTolerance: CLOCK_TOLERANCE,
      currentDate: new Date(options.clock.now()),
      requiredClaims: ['exp', 'iat'],
    },
  ).catch((error) => {
    // The library's errors carry the claims, and these name a person.
    if (ConnectorError.is(error)) throw error;
    throw invalid('was refused');
  });

  const claims = claimsSchema.safeParse(payload).data;
  if (!claims) throw invalid('lacks claims');
  const person = claims.oid.toLowerCase();
  const home = claims.tid.toLowerCase();
  if (claims.nonce !== nonce) throw invalid('belongs to another attempt');
  if (home === personalAccounts)
    throw refused('A personal account cannot connect an organization: sign in with an account of it.');
  if (home !== tenantId) throw invalid('belongs to another tenant');
  if (!isGuid(person)) throw invalid('names no person');
  if (claims.acct === 1) throw guestRefused();
  const holdsRole = claims.wids && mayGrantRoles(claims.wids);
  const isMember = claims.acct === 0 ? true : undefined;
  // A token that does not say who is a guest can only refuse.
  const mayGrant = holdsRole && !isMember ? undefined : holdsRole;
  return { tenantId, personId: person, mayGrant, isMember, holdsRole };
}

/** Whoever belongs to another organization may hold a role, but does not speak for this one. */
export const guestRefused = () =>
  refused('A guest of the tenant cannot connect it: sign in with an account of its own.');

const invalid = (problem: string) =>
  new ConnectorError(
    'attempt_invalid',
    `The sign-in is not valid: the identity token ${problem}. Begin again.`,
  );

const refused = (message: string) => new ConnectorError('consent_refused', message);
