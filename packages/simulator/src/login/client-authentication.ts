import { timingSafeEqual } from 'node:crypto';
import type { Tenant } from '../directory/tenant.ts';
import type { World } from '../world.ts';
import { checkAssertion } from './client-assertion.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Checks who asks for a token: client id with secret (in the body or as HTTP Basic) or with a client assertion.
 *
 * @returns the AADSTS number of what is wrong, or undefined
 */
export async function checkClient(
  world: World,
  tenant: Tenant | undefined,
  request: Request,
  form: URLSearchParams,
): Promise<number | undefined> {
  const basic = basicOf(request.headers.get('authorization'));
  const clientId = form.get('client_id') ?? basic?.id;
  if (clientId === undefined) return 900144;
  if (clientId !== world.app.clientId) return 700016;
  const assertion = form.get('client_assertion');
  if (assertion !== null) {
    if (form.get('client_assertion_type') !== ASSERTION_TYPE) return 7000218;
    return checkAssertion(world, tenant, assertion);
  }
  const secret = form.get('client_secret') ?? basic?.secret;
  if (secret === undefined) return 7000218;
  if (!equal(secret, world.app.secret)) return 7000215;
  return world.secretExpired ? 7000222 : undefined;
}

function basicOf(header: string | null): { readonly id: string; readonly secret: string } | undefined {
  const encoded = /^Basic (.+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
