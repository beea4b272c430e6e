import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { permissions, requiredResourceAccess } from '@mailsphere/office365';

const { values } = parseArgs({
  options: { out: { type: 'string' }, without: { type: 'string', multiple: true } },
});
const without = values.without ?? [];
for (const id of without)
  if (!permissions.some((permission) => permission.id === id))
    throw new Error(
      `--without ${id}: must be a permission of the connector, one of ${permissions.map((permission) => permission.id).join(', ')}.`,
    );

// The names are those of "Understand the app manifest (Microsoft Graph format)".
const manifest = {
  signInAudience: 'AzureADMultipleOrgs',
  // Puts the claim `wids` in id tokens: which directory roles somebody holds.
  groupMembershipClaims: 'DirectoryRole',
  // Says whether somebody is a member or a guest.
  optionalClaims: { idToken: [{ name: 'acct', essential: false }], accessToken: [], saml2Token: [] },
  requiredResourceAccess: requiredResourceAccess(permissions.filter(({ id }) => !without.includes(id))),
};

const text = `${JSON.stringify(manifest, null, 2)}\n`;
if (values.out === undefined) process.stdout.write(text);
else writeFileSync(values.out, text);
