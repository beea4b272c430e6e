import type { Tenant } from '../directory/tenant.ts';
import type { World } from '../world.ts';
import { aadstsError } from './aadsts-error.ts';

/** Parameters for the redirect back to the app, in order, and what stands behind them. */
export interface ConsentCallback {
  readonly parameters: Readonly<Record<string, string>>;
  readonly suffix: '' | '#';
}

/** How consent comes back: version 1 ends in a bare fragment, as in the documents' example. */
export function grantedCallback(
  world: World,
  tenant: Tenant,
  version: 1 | 2,
  state: string | null,
): ConsentCallback {
  const given = stateOf(world, state);
  if (version === 1)
    return { parameters: { tenant: tenant.id, ...given, admin_consent: 'True' }, suffix: '#' };
  const scope = world.app.requiredPermissions
    .map((permission) => `https://graph.microsoft.com/${permission}`)
    .join(' ');
  return { parameters: { admin_consent: 'True', tenant: tenant.id, scope, ...given }, suffix: '' };
}

/** How a refusal comes back; never with a tenant. */
export function refusedCallback(world: World, version: 1 | 2, state: string | null): ConsentCallback {
  const given = stateOf(world, state);
  const { error, description, body } = aadstsError(world, 65004);
  const older = { error: 'permission_denied', error_description: 'The admin canceled the request' };
  switch (world.settings.quirks.consentRefusal) {
    case 'documentedV2':
      return {
        parameters: {
          admin_consent: 'True',
          error: 'consent_required',
          error_description: description,
          ...given,
        },
        suffix: '',
      };
    case 'documentedV1':
      return { parameters: { ...older, ...given }, suffix: '' };
    case 'subcode':
      return { parameters: { error: 'access_denied', error_subcode: 'cancel', ...given }, suffix: '' };
    case 'byVersion':
      if (version === 1) return { parameters: { ...older, admin_consent: 'True', ...given }, suffix: '' };
  }
  // As seen in real redirects: admin_consent=True all the same, and an empty fragment at the end.
  const parameters = {
    error,
    error_description: description,
    error_uri: String(body.error_uri),
    admin_consent: 'True',
    ...given,
  };
  return { parameters, suffix: '#' };
}

/** What a personal account that signs in at `/common` leads to, as seen: an error about something else. */
export function personalAccountCallback(world: World, state: string | null): ConsentCallback {
  const { description } = aadstsError(world, 900144, "'response_type'.");
  return {
    parameters: { error: 'invalid_request', error_description: description, ...stateOf(world, state) },
    suffix: '',
  };
}

function stateOf(world: World, state: string | null): Record<string, string> {
  if (state === null) return {};
  return { state: world.settings.quirks.alteredState ? `${state}Sign in to your account` : state };
}
