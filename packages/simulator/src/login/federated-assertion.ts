import { decodeJwt, importSPKI, jwtVerify } from 'jose';
import type { FederatedCredential } from '../app-registration.ts';
import type { World } from '../world.ts';

const AUDIENCE = 'api://AzureADTokenExchange';

/**
 * Checks an assertion of another issuer: RS256, with issuer, subject and audience as one registered credential has them, in
 * the same case.
 *
 * @returns the AADSTS number of what is wrong, or undefined
 */
export async function checkFederatedAssertion(world: World, assertion: string): Promise<number | undefined> {
  const credential = credentialOf(world, assertion);
  if (credential === undefined) return 700213;
  try {
    const key = await importSPKI(credential.publicKeyPem, 'RS256');
    const currentDate = new Date(world.clock.now());
    const options = { algorithms: ['RS256'], currentDate, clockTolerance: 300, requiredClaims: ['exp'] };
    await jwtVerify(assertion, key, options);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ERR_JWT_EXPIRED' || code === 'ERR_JWT_CLAIM_VALIDATION_FAILED' ? 700024 : 50012;
  }
}

function credentialOf(world: World, assertion: string): FederatedCredential | undefined {
  try {
    const { iss, sub, aud } = decodeJwt(assertion);
    return world.app.federatedCredentials.find(
      ({ issuer, subject, audience = AUDIENCE }) =>
        iss === issuer && sub === subject && (Array.isArray(aud) ? aud.join() : aud) === audience,
    );
  } catch {
    return undefined;
  }
}
