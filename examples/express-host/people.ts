import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type Clock, ConnectorError } from '@mailsphere/core';
import type { Organization } from './organizations.ts';

/** A user of the host: an administrator of one organization, or of all that a partner manages. */
export interface Person {
  /** Opaque: it stands for the person in the SDK's records. */
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** Manages all organizations of this partner. */
  readonly partnerId?: string | undefined;
  /** Manages this organization. */
  readonly organizationId?: string | undefined;
}

export interface PersonWithPassword extends Person {
  readonly password: string;
}

export interface People {
  get(id: string): Person | undefined;
  /** Resolves `undefined` when the address or the password is wrong. @throws ConnectorError `throttled` after ten failures */
  signIn(email: string, password: string): Promise<Person | undefined>;
}

export const mayManage = ({ partnerId, organizationId }: Person, organization: Organization): boolean =>
  organizationId === organization.id || (partnerId !== undefined && partnerId === organization.partnerId);

const hash = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>;
const LENGTH = 32;
// Failures of one address before it must wait, and for how many milliseconds.
const FAILURES = 10;
const WAIT = 15 * 60_000;

/** The people of the host. Of their passwords, only hashes are kept. */
export async function createPeople(all: readonly PersonWithPassword[], clock: Clock): Promise<People> {
  const secrets = await Promise.all(
    all.map(async ({ password, ...person }) => {
      const salt = randomBytes(16);
      return { person, salt, hashed: await hash(password, salt, LENGTH) };
    }),
  );
  // Somebody who is not there takes as long as somebody who is.
  const nobody = { person: undefined, salt: randomBytes(16), hashed: randomBytes(LENGTH) };
  const failures = new Map<string, { readonly count: number; readonly until: number }>();

  return {
    get: (id) => secrets.find(({ person }) => person.id === id)?.person,
    async signIn(email, password) {
      const address = email.trim().toLowerCase();
      const now = clock.now();
      for (const [key, { until }] of failures) if (until <= now) failures.delete(key);
      const { count = 0 } = failures.get(address) ?? {};
      if (count >= FAILURES)
        throw new ConnectorError('throttled', 'Too many wrong passwords: wait a quarter of an hour.');
      // Counted before the slow part, so that many at once do not slip through.
      failures.set(address, { count: count + 1, until: now + WAIT });
      const secret = secrets.find(({ person }) => person.email.toLowerCase() === address) ?? nobody;
      const isRight = timingSafeEqual(await hash(password, secret.salt, LENGTH), secret.hashed);
      if (!isRight || !secret.person) return undefined;
      failures.delete(address);
      return secret.person;
    },
  };
}
