import { roleName } from '../directory/role.ts';
import type { Account, Tenant } from '../directory/tenant.ts';
import type { DirectoryUser } from '../directory/user.ts';
import { escapeHtml, htmlPage } from '../html-page.ts';
import { createRandom } from '../random.ts';
import type { World } from '../world.ts';

const COOKIE = 'ESTSAUTHPERSISTENT';

/** Who is signed in at which browser. */
export interface Sessions {
  /** The name that was typed at the browser of this request, or undefined. */
  username(request: Request): string | undefined;
  /** Signs somebody in: the `set-cookie` header. */
  start(username: string): string;
  /** Signs the browser of this request out: the `set-cookie` header. */
  end(request: Request): string;
}

/** Creates an empty set of sessions. */
export function createSessions(world: World): Sessions {
  const sessions = new Map<string, string>();
  const random = createRandom(world.settings.seed, 'sessions');
  const traits = `Path=/; HttpOnly; SameSite=Lax${world.settings.loginOrigin.startsWith('https:') ? '; Secure' : ''}`;
  const idOf = (request: Request) =>
    new RegExp(`(?:^|;\\s*)${COOKIE}=([A-Za-z0-9]+)`).exec(request.headers.get('cookie') ?? '')?.[1] ?? '';
  return {
    username: (request) => sessions.get(idOf(request)),
    start: (username) => {
      const id = random.text(40);
      sessions.set(id, username);
      return `${COOKIE}=${id}; ${traits}`;
    },
    end: (request) => {
      sessions.delete(idOf(request));
      return `${COOKIE}=; Max-Age=0; ${traits}`;
    },
  };
}

/** Somebody as a tenant knows them, or the AADSTS number that says why not. */
export type Person =
  | { readonly tenant: Tenant; readonly user: DirectoryUser }
  | { readonly code: 50020 | 50034 | 50057 };

/**
 * Looks somebody up: in the tenant that is asked for, as member or as guest, or in the home tenant when none is. Personal
 * accounts are only found where they may sign in.
 */
export function personIn(
  world: World,
  tenant: Tenant | undefined,
  username: string,
  personalToo = false,
): Person {
  const name = username.trim().toLowerCase();
  const places = placesOf(world, tenant, personalToo);
  for (const place of places) {
    const user =
      place.user(name) ??
      place.users.find((other) => other.userType === 'Guest' && other.mail?.toLowerCase() === name);
    if (
      user === undefined ||
      user.deleted !== undefined ||
      (tenant === undefined && user.userType === 'Guest')
    )
      continue;
    return user.accountEnabled ? { tenant: place, user } : { code: 50057 };
  }
  const elsewhere = [...world.tenants, world.personal].some((place) => place.user(name) !== undefined);
  return { code: elsewhere ? 50020 : 50034 };
}

function placesOf(world: World, tenant: Tenant | undefined, personalToo: boolean): readonly Tenant[] {
  if (tenant === undefined) return personalToo ? [...world.tenants, world.personal] : world.tenants;
  return tenant === world.personal && !personalToo ? [] : [tenant];
}

function descriptionOf(user: DirectoryUser): string {
  const [role] = user.roles;
  if (role !== undefined) return roleName(role);
  const [eligible] = user.eligibleRoles ?? [];
  if (eligible !== undefined) return `${roleName(eligible)}, not activated`;
  return user.userType === 'Guest' ? 'Guest' : 'Member without a role';
}

/** The page that asks who is there; it posts `username` to the address at which it was shown. */
export function signInPage(
  world: World,
  tenant: Tenant | undefined,
  hint: string,
  message?: string,
): Response {
  const known = (tenant === undefined ? world.tenants : [tenant]).flatMap((place) =>
    Object.values(place.accounts).map((account: Account) => ({ account, user: place.user(account.id) })),
  );
  const buttons = known.map(({ account, user }) => {
    const what = user === undefined ? '' : descriptionOf(user);
    return `<button class="account" name="username" value="${escapeHtml(account.username)}">${escapeHtml(account.displayName)}<br><small>${escapeHtml(account.username)}, ${escapeHtml(what)}</small></button>`;
  });
  return htmlPage(
    'Sign in',
    `${message === undefined ? '' : `<p role="alert">${escapeHtml(message)}</p>`}
<p>Sign in to ${escapeHtml(tenant?.displayName ?? 'your account')}. No password is asked for.</p>
<form method="post">
${buttons.join('\n')}
</form>
<form method="post"><p><label>Another account<br><input name="username" type="email" value="${escapeHtml(hint)}" required></label> <button>Next</button></p></form>`,
  );
}
