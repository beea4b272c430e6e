import { readFileSync } from 'node:fs';
import { ConnectorError } from '@mailsphere/core';
import type { Organization } from './organizations.ts';
import type { Person } from './people.ts';

/** Who and what a host starts with. A real one has them in its database. */
export interface Seed {
  readonly organizations: readonly Organization[];
  readonly people: readonly (Person & { readonly password?: string | undefined })[];
}

const isText = (value: unknown, pattern = /\S/): value is string =>
  typeof value === 'string' && value.length <= 200 && pattern.test(value);
const ID = /^[a-z0-9][a-z0-9-]*$/;

/**
 * Reads the file that `SEED_FILE` names.
 *
 * @throws ConnectorError `invalid_options` that names the entry
 */
export function readSeed(path: string): Seed {
  const wrong = (what: string) =>
    new ConnectorError('invalid_options', `SEED_FILE: ${what}`, { field: 'SEED_FILE' });
  let seed: Partial<Seed>;
  try {
    seed = JSON.parse(readFileSync(path, 'utf8')) ?? {};
  } catch {
    throw wrong('must be the path of a JSON file like seed.json of this example');
  }
  const { organizations = [], people = [] } = seed;
  if (!Array.isArray(organizations) || !Array.isArray(people))
    throw wrong('organizations and people must be lists');
  for (const [index, each] of organizations.entries())
    if (!isText(each?.id, ID) || !isText(each.name) || !isText(each.partnerId))
      throw wrong(`organizations[${index}]: must have id (a-z, 0-9, -), name and partnerId`);
  for (const [index, each] of people.entries()) {
    if (!isText(each?.id) || !isText(each.name) || !isText(each.email))
      throw wrong(`people[${index}]: must have id, name and email`);
    const isOne = isText(each.partnerId) !== isText(each.organizationId);
    if (!isOne) throw wrong(`people[${index}]: must have either partnerId or organizationId`);
    if (each.password !== undefined && !isText(each.password))
      throw wrong(`people[${index}]: password: must be text`);
  }
  if (people.length === 0) throw wrong('people: must have at least one person');
  return { organizations, people };
}
