import { createHash, X509Certificate } from 'node:crypto';
import { createRandom } from './random.ts';

/** The app registration in the publisher's own tenant: one for all customers. */
export interface AppRegistration {
  readonly clientId: string;
  readonly displayName: string;
  /** The client secret's value. */
  readonly secret: string;
  readonly certificates: readonly AppCertificate[];
  /** Tokens of other issuers that stand for the app. */
  readonly federatedCredentials: readonly FederatedCredential[];
  /** Who may sign in: people of any tenant, or those with a personal account too. @default 'AzureADMultipleOrgs' */
  readonly signInAudience: 'AzureADMultipleOrgs' | 'AzureADandPersonalMicrosoftAccount';
  /** Registered redirect URIs; `http://localhost` and `http://127.0.0.1` match any port. */
  readonly redirectUris: readonly string[];
  /** Application permissions of Microsoft Graph by value, e.g. `Mail.Read`: what consent is asked for. */
  readonly requiredPermissions: readonly string[];
  /** `DirectoryRole` puts `wids` in id tokens, `None` leaves them out. @default 'DirectoryRole' */
  readonly groupMembershipClaims: 'DirectoryRole' | 'None';
  /** Whether id tokens carry the optional claim `acct` (0 member, 1 guest). @default true */
  readonly acct: boolean;
}

/** A certificate that may sign client assertions; give the certificate, or its key and its SHA-256 thumbprint. */
export type AppCertificate =
  | { readonly certificatePem: string; readonly sha256Thumbprint?: string }
  | { readonly publicKeyPem: string; readonly sha256Thumbprint: string };

/** What a federated assertion must say, to the letter ("Workload identity federation"). */
export interface FederatedCredential {
  readonly issuer: string;
  readonly subject: string;
  /** @default 'api://AzureADTokenExchange' */
  readonly audience?: string;
  /** The issuer's RSA key; here it is registered, because the simulator asks nobody. */
  readonly publicKeyPem: string;
}

/** The permissions asked for by default: the set for directory and mail reading, with the read of one's own grants. */
export const DEFAULT_PERMISSIONS: readonly string[] = [
  'Application.Read.All',
  'Domain.Read.All',
  'Group.Read.All',
  'GroupMember.Read.All',
  'Mail.Read',
  'MailboxSettings.Read',
  'Member.Read.Hidden',
  'Organization.Read.All',
  'OrgContact.Read.All',
  'User.Read.All',
];

/** @internal Fills in the defaults of an app registration. */
export function appRegistration(seed: number, given: Partial<AppRegistration> = {}): AppRegistration {
  const random = createRandom(seed, 'app');
  return {
    clientId: random.guid(),
    displayName: 'Connector (simulated)',
    secret: `${random.text(3)}8Q~${random.text(34)}`,
    certificates: [],
    federatedCredentials: [],
    signInAudience: 'AzureADMultipleOrgs',
    redirectUris: ['http://localhost', 'http://127.0.0.1'],
    requiredPermissions: DEFAULT_PERMISSIONS,
    groupMembershipClaims: 'DirectoryRole',
    acct: true,
    ...given,
  };
}

/** @internal The base64url thumbprint as it stands in the header `x5t#S256` of an assertion. */
export function thumbprintOf(certificate: AppCertificate): string {
  if (certificate.sha256Thumbprint !== undefined) {
    const hex = certificate.sha256Thumbprint.replaceAll(':', '');
    return /^[0-9a-fA-F]{64}$/.test(hex) ? Buffer.from(hex, 'hex').toString('base64url') : hex;
  }
  const pem = 'certificatePem' in certificate ? certificate.certificatePem : '';
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url');
}

/**
 * @internal Whether a redirect URI is registered. The port of `http://localhost` is ignored ("Redirect URI restrictions");
 * the simulator treats `http://127.0.0.1` alike, and a registered loopback origin without a path admits every path.
 */
export function isRegistered(app: AppRegistration, uri: string): boolean {
  if (app.redirectUris.includes(uri)) return true;
  const asked = loopback(uri);
  if (asked === undefined) return false;
  return app.redirectUris.some((registered) => {
    const known = loopback(registered);
    if (known === undefined || known.hostname !== asked.hostname) return false;
    return known.pathname === '/' || known.pathname === asked.pathname;
  });
}

function loopback(uri: string): URL | undefined {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url?.protocol !== 'http:' || url.username !== '' || url.password !== '') return undefined;
  return url.hostname === 'localhost' || url.hostname === '127.0.0.1' ? url : undefined;
}
