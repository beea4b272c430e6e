import { X509Certificate } from 'node:crypto';
import { decodeProtectedHeader, importSPKI, jwtVerify } from 'jose';
import { type AppCertificate, thumbprintOf } from '../app-registration.ts';
import type { Tenant } from '../directory/tenant.ts';
import type { World } from '../world.ts';
import { checkFederatedAssertion } from './federated-assertion.ts';

/**
 * Checks a client assertion: PS256 by a registered certificate that `x5t#S256` names, `iss` and `sub` the client, `aud` the
 * token endpoint of this tenant, times that hold, and a `jti` ("Microsoft identity platform application authentication
 * certificate credentials"). An assertion may be sent again until it expires.
 *
 * @returns the AADSTS number of what is wrong, or undefined
 */
export async function checkAssertion(
  world: World,
  tenant: Tenant | undefined,
  assertion: string,
): Promise<number | undefined> {
  // The header of a certificate's assertion names it; one without such a name is of another issuer.
  if (isFederated(assertion)) return checkFederatedAssertion(world, assertion);
  const certificate = certificateOf(world, assertion);
  if (certificate === undefined || isExpired(world, certificate)) return 700027;
  const verified = await verify(world, assertion, certificate);
  if (typeof verified === 'number') return verified;
  const { iss, sub, aud, jti, exp } = verified;
  if (
    iss !== world.app.clientId ||
    sub !== world.app.clientId ||
    typeof jti !== 'string' ||
    exp === undefined
  )
    return 50012;
  return typeof aud === 'string' && isTokenEndpoint(world, tenant, aud) ? undefined : 50012;
}

function isFederated(assertion: string): boolean {
  try {
    const header = decodeProtectedHeader(assertion);
    return header.alg === 'RS256' && header['x5t#S256'] === undefined;
  } catch {
    return false;
  }
}

function isExpired(world: World, certificate: AppCertificate): boolean {
  if (world.expiredCertificates.has(thumbprintOf(certificate))) return true;
  if (!('certificatePem' in certificate)) return false;
  return new X509Certificate(certificate.certificatePem).validToDate.getTime() <= world.clock.now();
}

function certificateOf(world: World, assertion: string): AppCertificate | undefined {
  try {
    const header = decodeProtectedHeader(assertion);
    const thumbprint = header['x5t#S256'];
    if (header.alg !== 'PS256' || thumbprint === undefined) return undefined;
    return world.app.certificates.find((certificate) => thumbprintOf(certificate) === thumbprint);
  } catch {
    return undefined;
  }
}

async function verify(world: World, assertion: string, certificate: AppCertificate) {
  const pem =
    'publicKeyPem' in certificate
      ? certificate.publicKeyPem
      : new X509Certificate(certificate.certificatePem).publicKey
          .export({ type: 'spki', format: 'pem' })
          .toString();
  try {
    const key = await importSPKI(pem, 'PS256');
    const options = { algorithms: ['PS256'], currentDate: new Date(world.clock.now()), clockTolerance: 300 };
    return (await jwtVerify(assertion, key, options)).payload;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ERR_JWT_EXPIRED' || code === 'ERR_JWT_CLAIM_VALIDATION_FAILED' ? 50012 : 700027;
  }
}

// A client whose requests are only redirected to the simulator signs for Microsoft's own host: both are right.
function isTokenEndpoint(world: World, tenant: Tenant | undefined, audience: string): boolean {
  const names = tenant === undefined ? ['common', 'organizations'] : [tenant.id, ...tenant.domains];
  return [world.settings.loginOrigin, 'https://login.microsoftonline.com'].some((origin) =>
    names.some((name) => audience.toLowerCase() === `${origin}/${name}/oauth2/v2.0/token`.toLowerCase()),
  );
}
