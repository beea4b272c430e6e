import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** A customer of the host. */
export interface Organization {
  /** Part of addresses: lower-case letters, digits and hyphens. */
  readonly id: string;
  readonly name: string;
  /** The partner that manages it. */
  readonly partnerId: string;
}

export interface Organizations {
  get(id: string): Organization | undefined;
  ofPartner(partnerId: string): readonly Organization[];
  rename(id: string, name: string): void;
}

/**
 * The host's own table of customers: a short list, which a real host has in its database.
 *
 * @param file Where new names are kept. Without one they are forgotten at the end.
 */
export function createOrganizations(all: readonly Organization[], file?: string): Organizations {
  const organizations = new Map(all.map((organization) => [organization.id, organization]));
  const names: Record<string, string> =
    file !== undefined && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  for (const organization of all) {
    const name = Object.hasOwn(names, organization.id) ? names[organization.id] : undefined;
    if (name !== undefined) organizations.set(organization.id, { ...organization, name });
  }

  return {
    get: (id) => organizations.get(id),
    ofPartner: (partnerId) =>
      [...organizations.values()]
        .filter((organization) => organization.partnerId === partnerId)
        .sort((one, other) => one.name.localeCompare(other.name)),
    rename(id, name) {
      const organization = organizations.get(id);
      if (!organization || organization.name === name) return;
      organizations.set(id, { ...organization, name });
      if (file === undefined) return;
      names[id] = name;
      // Written beside it and moved, so that a crash leaves either the old or the new one.
      writeFileSync(`${file}.new`, JSON.stringify(names), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
  };
}
