import { type AppRegistration, appRegistration } from './app-registration.ts';
import { type Clock, shifted, systemClock } from './clock.ts';
import { makePersonalTenant } from './directory/personal-tenant.ts';
import type { Tenant } from './directory/tenant.ts';
import { makeTenant } from './directory/tenant-maker.ts';
import { createFaults, type Faults } from './fault.ts';
import { grantConsent } from './grants.ts';
import { createTokenStore, type TokenStore } from './login/access-token.ts';
import { createSigningKeys, type SigningKeys } from './login/signing-key.ts';
import { createTokenForgeries, type TokenForgeries } from './login/token-forgery.ts';
import { createTextPool } from './mail/text-pool.ts';
import { createRandom, type Random } from './random.ts';
import { emptyCounts, increment, type RequestCounts } from './request-counts.ts';
import { createRehearsal, type Rehearsal } from './scenario/rehearsal.ts';
import { type Settings, type SimulatorOptions, settingsOf } from './simulator-options.ts';

/** Everything that the two services share. */
export interface World {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly random: Random;
  readonly tenants: readonly Tenant[];
  readonly counts: RequestCounts;
  readonly faults: Faults;
  readonly rehearsal: Rehearsal;
  readonly keys: SigningKeys;
  readonly tokens: TokenStore;
  /** Id tokens that are to be wrong. */
  readonly forgeries: TokenForgeries;
  /** Where personal accounts live; it is none of the tenants. */
  readonly personal: Tenant;
  /** Thumbprints of certificates that were told to be past their end. */
  readonly expiredCertificates: Set<string>;
  app: AppRegistration;
  /** Moves the time forward. */
  advanceClock(milliseconds: number): void;
  /** Whether the client secret is past its end. */
  secretExpired: boolean;
  /** By id, or by the name of a verified domain, in any case; the personal one too, also as `consumers`. */
  tenant(idOrDomain: string): Tenant | undefined;
  count(route: string, status: number): void;
}

/** Creates the shared state. */
export function createWorld(options: SimulatorOptions): World {
  const settings = settingsOf(options);
  const pool = createTextPool(settings.seed);
  const seeds = options.tenants ?? [{ name: 'contoso' }];
  const tenants = seeds.map((seed) => makeTenant(settings.seed, seed, pool));
  const names = new Map<string, Tenant>();
  for (const tenant of tenants) {
    names.set(tenant.id, tenant);
    for (const name of tenant.domains) names.set(name.toLowerCase(), tenant);
  }
  const personal = makePersonalTenant(settings.seed);
  names.set(personal.id, personal).set(personal.name, personal);
  const { clock, advance } = shifted(options.clock ?? systemClock);
  const counts = emptyCounts();
  const world: World = {
    settings,
    clock,
    advanceClock: advance,
    random: createRandom(settings.seed, 'world'),
    tenants,
    counts,
    faults: createFaults(),
    rehearsal: createRehearsal({ clock, seed: settings.seed }),
    keys: createSigningKeys(),
    tokens: createTokenStore(),
    forgeries: createTokenForgeries(),
    personal,
    expiredCertificates: new Set(),
    app: appRegistration(settings.seed, options.app),
    secretExpired: false,
    tenant: (idOrDomain) => {
      const found = names.get(idOrDomain.toLowerCase());
      return found?.deleted === true ? undefined : found;
    },
    count: (route, status) => {
      counts.total += 1;
      increment(counts.byRoute, route);
      increment(counts.byStatus, status);
      if (status === 429) counts.throttled += 1;
    },
  };
  for (const [index, seed] of seeds.entries()) {
    const tenant = tenants[index];
    if (seed.consented === true && tenant !== undefined)
      grantConsent(world, tenant, world.app.requiredPermissions);
  }
  return world;
}
