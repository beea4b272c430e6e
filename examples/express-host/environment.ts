import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConnectorError } from '@mailsphere/core';
import type { Registration } from './office365.ts';
import type { PersonWithPassword } from './people.ts';
import { readSeed, type Seed } from './seed.ts';

/** What the environment says. */
export interface Environment {
  /** An app registration at Microsoft. `undefined`: the simulator stands for it. */
  readonly registration: Registration | undefined;
  readonly port: number;
  /** An origin; `undefined`: http://localhost and the port. */
  readonly baseUrl: string | undefined;
  readonly sessionKey: string;
  readonly organizations: Seed['organizations'];
  readonly people: readonly PersonWithPassword[];
  /** A password that was made up, to be shown to whoever started the host. */
  readonly password: string | undefined;
  /** A folder to keep; `undefined`: a temporary one. */
  readonly directory: string | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

const sample = fileURLToPath(new URL('seed.json', import.meta.url));
const data = fileURLToPath(new URL('data', import.meta.url));

const wrong = (name: string, problem: string) =>
  new ConnectorError('invalid_options', `${name}: ${problem}`, { field: name });

/** @throws ConnectorError `invalid_options` that names the variable */
export function readEnvironment(variables: Variables): Environment {
  const text = (name: string) => {
    const value = variables[name]?.trim();
    return value === '' ? undefined : value;
  };
  const registration = readRegistration(text);
  /** With a registration of one's own, nothing secret is made up. */
  const secret = (name: string, least: number) => {
    const value = text(name);
    if (value === undefined && registration)
      throw wrong(name, `is missing: give at least ${least} characters that nobody can guess`);
    if (value !== undefined && value.length < least)
      throw wrong(name, `must have at least ${least} characters`);
    return value;
  };

  const { organizations, people } = readSeed(text('SEED_FILE') ?? sample);
  const needsPassword = people.some(({ password }) => password === undefined);
  const given = needsPassword ? secret('PASSWORD', 12) : undefined;
  const password = given ?? randomBytes(9).toString('base64url');
  return {
    registration,
    port: readPort(text('PORT')),
    baseUrl: readBaseUrl(text('BASE_URL')),
    sessionKey: secret('SESSION_KEY', 32) ?? randomBytes(32).toString('base64url'),
    organizations,
    people: people.map((person) => ({ ...person, password: person.password ?? password })),
    password: needsPassword && given === undefined ? password : undefined,
    directory: text('DATA_DIR') ?? (registration && data),
  };
}

function readRegistration(text: (name: string) => string | undefined): Environment['registration'] {
  const clientId = text('CLIENT_ID');
  const secret = text('CLIENT_SECRET');
  const files = [text('CLIENT_CERTIFICATE_FILE'), text('CLIENT_KEY_FILE')] as const;
  const [certificate, privateKey] = files;
  if (clientId === undefined) {
    if (secret !== undefined || certificate !== undefined || privateKey !== undefined)
      throw wrong('CLIENT_ID', 'is missing: it goes with the secret or the certificate');
    return undefined;
  }
  // What is wrong with the values themselves, the provider says.
  const cloud = text('CLOUD') as Registration['cloud'];
  if (certificate !== undefined || privateKey !== undefined) {
    if (secret !== undefined)
      throw wrong('CLIENT_SECRET', 'comes beside a certificate: give one of them, and leave the other out');
    const pair = {
      certificate: readPem('CLIENT_CERTIFICATE_FILE', certificate),
      privateKey: readPem('CLIENT_KEY_FILE', privateKey),
    };
    return { clientId, cloud, credential: { certificate: pair } };
  }
  if (secret === undefined)
    throw wrong('CLIENT_SECRET', 'is missing: give it, or CLIENT_CERTIFICATE_FILE and CLIENT_KEY_FILE');
  return { clientId, cloud, credential: { secret, expiresAt: text('CLIENT_SECRET_EXPIRES') } };
}

function readPem(name: string, path: string | undefined): string {
  if (path === undefined) throw wrong(name, 'is missing: certificate and key go together');
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw wrong(name, 'must be the path of a PEM file that can be read');
  }
}

function readPort(text = '3000'): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw wrong('PORT', 'must be a whole number from 0 to 65535');
}

function readBaseUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const isOrigin = url !== null && [url.origin, `${url.origin}/`].includes(text);
  const isSafe = url?.protocol === 'https:' || url?.hostname === 'localhost' || url?.hostname === '127.0.0.1';
  if (isOrigin && isSafe) return url.origin;
  throw wrong(
    'BASE_URL',
    'must be an origin such as https://app.example, without a path (http for localhost only)',
  );
}

/** Options of the SDK, by the variables that they come from. */
const origins: Readonly<Record<string, string>> = {
  clientId: 'CLIENT_ID',
  'credential.secret': 'CLIENT_SECRET',
  'credential.expiresAt': 'CLIENT_SECRET_EXPIRES',
  'credential.certificate.certificate': 'CLIENT_CERTIFICATE_FILE',
  'credential.certificate.privateKey': 'CLIENT_KEY_FILE',
  cloud: 'CLOUD',
  port: 'PORT',
  baseUrl: 'BASE_URL',
};

/** One line that names the variable to be mended, where it is one. */
export function explain(error: unknown): string {
  if (!ConnectorError.is(error)) return error instanceof Error ? error.message : String(error);
  const variable = error.code === 'invalid_options' ? origins[error.field ?? ''] : undefined;
  if (variable === undefined) return error.message;
  const [, problem = error.message] = error.message.split(`${error.field}: `);
  return `${variable}: ${problem}`;
}
