import { createHash, randomBytes } from 'node:crypto';
import type { Provider } from '@mailsphere/core';
import { virtualClock } from '@mailsphere/core/testing';
import { createSimulator, type Simulator, type SimulatorOptions } from '@mailsphere/simulator';
import { expect } from 'vitest';
import { fetchTransport, type Office365Options, office365 } from '../src/index.ts';

export const redirectUri = 'http://localhost:3000/callback';

/** A simulator, and a provider that talks to it on the same clock. */
export function house(options: SimulatorOptions = {}, more: Partial<Office365Options> = {}) {
  const clock = virtualClock();
  const simulator = createSimulator({ clock, limits: false, ...options });
  const provider = office365({
    clientId: simulator.app.clientId,
    credential: { secret: simulator.app.secret },
    transport: fetchTransport((request) => simulator.fetch(request)),
    clock,
    random: () => 0.5,
    ...more,
  });
  const [tenant] = simulator.tenants;
  if (!tenant) throw new Error('There is a tenant.');
  return { clock, simulator, provider, tenant, ref: { tenantId: tenant.id } };
}

/** What a browser does: sends the forms one after the other, and stops where it would leave for the host. */
export async function browse(
  simulator: Simulator,
  url: string,
  ...forms: Record<string, string>[]
): Promise<URL> {
  let cookie = '';
  for (const form of forms) {
    const answer = await simulator.fetch(
      new Request(url, {
        method: 'POST',
        body: new URLSearchParams(form),
        redirect: 'manual',
        headers: { cookie },
      }),
    );
    cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    const location = answer.headers.get('location');
    const next = location ? new URL(location, url) : undefined;
    if (next && next.origin === new URL(redirectUri).origin) return next;
  }
  throw new Error('The browser was not sent back.');
}

export async function signIn(simulator: Simulator, provider: Provider, tenantId: string, username: string) {
  const codeVerifier = randomBytes(32).toString('base64url');
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const url = provider.authorization.signInUrl(
    { tenantId },
    { redirectUri, state: 'state', nonce: 'n', codeChallenge },
  );
  const back = await browse(simulator, url, { username });
  expect(back.searchParams.get('state')).toBe('state');
  return { code: back.searchParams.get('code') ?? '', redirectUri, nonce: 'n', codeVerifier };
}
