export const CLIENT_ID = '11111111-2222-4333-8444-555555555555';
export const OBJECT_ID = '66666666-7777-4888-8999-aaaaaaaaaaaa';
export const SECRET = 'abc8Q~a.secret-value_of-the-test';

// "az ad app", "az account" and "Global parameters" of the Azure CLI reference, as far as they matter here.
const options: Readonly<Record<string, readonly string[]>> = {
  'account show': ['--name'],
  'ad app list': ['--all', '--app-id', '--display-name', '--filter', '--identifier-uri', '--show-mine'],
  'ad app create': [
    '--app-roles',
    '--display-name',
    '--enable-access-token-issuance',
    '--enable-id-token-issuance',
    '--end-date',
    '--identifier-uris',
    '--is-fallback-public-client',
    '--key-display-name',
    '--key-type',
    '--key-usage',
    '--key-value',
    '--optional-claims',
    '--public-client-redirect-uris',
    '--required-resource-accesses',
    '--sign-in-audience',
    '--start-date',
    '--web-home-page-url',
    '--web-redirect-uris',
  ],
  'ad app update': [
    '--id',
    '--set',
    '--add',
    '--remove',
    '--optional-claims',
    '--required-resource-accesses',
  ],
  'ad app credential reset': [
    '--append',
    '--cert',
    '--create-cert',
    '--display-name',
    '--end-date',
    '--id',
    '--keyvault',
    '--years',
  ],
};
const everywhere = ['--debug', '--help', '--only-show-errors', '--output', '--query', '--subscription'];

/** Those of a call's options that the Azure CLI does not have. */
export function unknownOptions(call: readonly string[]): readonly string[] {
  const first = call.findIndex((word) => word.startsWith('--'));
  const known = [...(options[call.slice(0, first).join(' ')] ?? []), ...everywhere];
  return call.filter((word) => word.startsWith('--') && !known.includes(word));
}

/** Stands for the Azure CLI: writes down what it is called with, and answers with \r\n as on Windows. */
export const FAKE_AZ = `#!/usr/bin/env bash
{ printf '%s\\0' "$@"; printf '\\n'; } >>"$AZ_CALLS"
case "$*" in
  "$AZ_REFUSES"*) echo 'ERROR: refused' >&2; exit 1 ;;
  "$AZ_LATE"*) if mkdir "$AZ_CALLS.late" 2>/dev/null; then echo 'ERROR: not found' >&2; exit 3; fi ;;
  'account show '*) printf 'a-tenant\\r\\n' ;;
  'ad app list '*) printf '%b' "$AZ_EXISTING" ;;
  'ad app create '*) printf '${CLIENT_ID}\\r\\n${OBJECT_ID}\\r\\n' ;;
  'ad app credential reset '*'--query password'*) printf '${SECRET}\\r\\n' ;;
esac
`;
