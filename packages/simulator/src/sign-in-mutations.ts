import { type AppRegistration, thumbprintOf } from './app-registration.ts';
import type { Tenant } from './directory/tenant.ts';
import type { TokenForgery } from './login/token-forgery.ts';
import type { Quirks } from './simulator-options.ts';
import type { World } from './world.ts';

/** What happens to the app's credentials, to tokens and to the sign-in service itself. */
export interface SignInMutations {
  /** The client secret is past its end (AADSTS7000222), until a new one is set. */
  expireSecret(): void;
  /** The certificates that are registered now are past their end (AADSTS700027), until others are registered. */
  expireCertificates(): void;
  updateApp(patch: Partial<AppRegistration>): void;
  /** Tokens are signed with a new key; `forget` drops the old ones from the key set. */
  rotateSigningKey(options?: { readonly forget?: boolean }): void;
  /** The next id token is wrong, or the next few, as long as `clearFaults` is not called. */
  forgeIdToken(forgery: TokenForgery): void;
  /**
   * Graph answers the tokens of a tenant that are out with a claims challenge (401), if their client declared `cp1`; those
   * of other clients run on until they end.
   */
  challengeTokens(tenantId: string): void;
  updateQuirks(patch: Partial<Quirks>): void;
  /** Milliseconds after consent until tokens carry the roles; for consent that is given from now on. */
  setPropagation(milliseconds: number): void;
  /** Puts the simulator's time forward; waits that are under way keep their length. */
  advanceClock(milliseconds: number): void;
}

/** @internal */
export function createSignInMutations(world: World, tenantOf: (id: string) => Tenant): SignInMutations {
  return {
    expireSecret: () => {
      world.secretExpired = true;
    },
    expireCertificates: () => {
      for (const certificate of world.app.certificates)
        world.expiredCertificates.add(thumbprintOf(certificate));
    },
    updateApp: (patch) => {
      world.app = { ...world.app, ...patch };
      if (patch.secret !== undefined) world.secretExpired = false;
    },
    rotateSigningKey: (options) => world.keys.rotate(options?.forget),
    forgeIdToken: world.forgeries.add,
    challengeTokens: (tenantId) => {
      tenantOf(tenantId).tokenGeneration += 1;
    },
    updateQuirks: (patch) => {
      world.settings.quirks = { ...world.settings.quirks, ...patch };
    },
    setPropagation: (milliseconds) => {
      world.settings.propagationMs = milliseconds;
    },
    advanceClock: world.advanceClock,
  };
}
