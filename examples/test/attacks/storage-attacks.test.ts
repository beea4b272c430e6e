import { createHash } from 'node:crypto';
import { type Cipher, ConnectorError, keyring, type StorageAdapter } from '@mailsphere/core';
import { describe, expect, it } from 'vitest';
import { createHouse, type House } from '../connect-house.ts';
import { atMicrosoft, beginJourney, confirm, connected, type Journey, locationOf, visit } from './journey.ts';

type StoredAttempt = Readonly<Record<string, unknown>> & { readonly sealed: string };

const key = (fill: number) => new Uint8Array(32).fill(fill);
const k1 = keyring({ active: 'k1', keys: { k1: key(1) } });

/** The record of an attempt, by the secret that the browser has of it, for somebody who can write to the storage. */
async function recordOf(storage: StorageAdapter, secret: string) {
  const id = createHash('sha256').update(secret).digest('hex');
  const value = (await storage.get('attempts', id))?.value as StoredAttempt;
  const put = (fields: Partial<StoredAttempt>) =>
    storage.put('attempts', id, { ...value, ...fields } as never);
  return { value, put };
}

const secretOf = (address: string, name: string) => new URL(address).searchParams.get(name) ?? '';

/** Signs in. Resolves with the state of the second leg, where the attempt holds who it was. */
async function signedIn(house: House, journey: Journey, username: string): Promise<string> {
  const callback = await atMicrosoft(house, journey.signIn, username);
  return secretOf(locationOf(await visit(callback, journey.cookie)), 'state');
}

/** The second callback as anybody can write it, without ever having been asked for consent. */
const claimConsent = ({ origin }: House, state: string, { cookie }: Journey) =>
  visit(`${origin}/connect/callback?admin_consent=True&state=${state}`, cookie);

describe('attack 18: whoever can write to the storage, but has no key, cannot make one customer into another', () => {
  it.each([
    ['of the same tenant', 'contoso'],
    ['of another tenant', 'fabrikam'],
  ] as const)(
    'the proof that an administrator %s signed in for one organization is worth nothing in the attempt of another',
    async (_name, name) => {
      await using house = await createHouse({ connector: { encryption: k1 } });
      const { simulator, contoso, storage, connector } = house;
      // The sign-in does not tell roles, so that they are asked for later, for the person that the attempt names.
      simulator.updateApp({ groupMembershipClaims: 'None' });
      const granted = [...simulator.app.requiredPermissions, 'RoleManagement.Read.Directory'];
      simulator.grantConsent(contoso.id, granted);
      simulator.grantConsent(house[name].id, granted);
      const member = simulator.addUser(contoso.id, { nickname: 'mallory' });
      const mine = await beginJourney(house, await house.register('org-1', 'contoso'), 'mallory');
      const theirs = await beginJourney(house, await house.register('org-2', name), 'anna');
      const myState = await signedIn(house, mine, member.userPrincipalName);
      const theirState = await signedIn(house, theirs, house[name].administrator.username);
      const own = await recordOf(storage, myState);
      await own.put({ sealed: (await recordOf(storage, theirState)).value.sealed });

      const ended = await claimConsent(house, myState, mine);
      if (ended.status === 302) await visit(locationOf(ended), mine.cookie);
      if (ended.status === 302) await confirm(locationOf(ended), mine.cookie);
      for await (const connection of connector.connections.list())
        expect(connection.status).toBe('registered');
      expect(ended.status).toBe(400);
      // What was put back is as good as before.
      await own.put({});
      expect((await claimConsent(house, myState, mine)).status).toBe(302);
    },
  );

  it('an attempt that is pointed to the connection of another organization leads nowhere', async () => {
    await using house = await createHouse({ connector: { encryption: k1 } });
    const { simulator, contoso, fabrikam, storage } = house;
    const victim = await connected(house, 'org-1', contoso);
    const before = await house.get(victim);
    simulator.grantConsent(fabrikam.id);
    // An administrator of one customer, who is one in earnest, aims at the connection of another.
    const journey = await beginJourney(house, await house.register('org-2', 'fabrikam'), 'mallory');
    const state = await signedIn(house, journey, fabrikam.administrator.username);
    const { registeredAt } = before;
    await (await recordOf(storage, state)).put({ connectionId: victim, registeredAt });
    expect((await claimConsent(house, state, journey)).status).toBe(400);
    expect(await house.get(victim)).toEqual(before);
  });

  it('a proof that was altered by one bit, cut or taken from its key is refused, and tells nobody why', async () => {
    await using house = await createHouse({ connector: { encryption: k1 } });
    const { contoso, storage } = house;
    const journey = await beginJourney(house, await house.register());
    const state = await signedIn(house, journey, contoso.administrator.username);
    const own = await recordOf(storage, state);
    const { sealed } = own.value;
    const [version, keyId, nonce, text, tag = ''] = sealed.split(':');
    const flipped = Buffer.from(tag, 'base64url');
    flipped.writeUInt8(flipped.readUInt8(0) ^ 1, 0);
    const altered = [
      [version, keyId, nonce, text, flipped.toString('base64url')],
      [version, keyId, nonce, text, Buffer.from(tag, 'base64url').subarray(0, 4).toString('base64url')],
      [version, keyId, nonce, text, ''],
      [version, keyId, nonce, `A${text?.slice(1)}`, tag],
      [version, 'k9', nonce, text, tag],
      ['v0', keyId, nonce, text, tag],
      [''],
    ].map((parts) => parts.join(':'));
    const pages = new Set<string>();
    for (const each of altered) {
      await own.put({ sealed: each });
      const ended = await claimConsent(house, state, journey);
      expect(ended.status).toBe(400);
      pages.add(await ended.text());
    }
    expect(pages.size).toBe(1);
    expect([...pages][0]).toContain('attempt_invalid');
    await own.put({ sealed });
    expect((await claimConsent(house, state, journey)).status).toBe(302);
  });

  it('people who are under way when the key is changed go on, and a key that was taken away opens nothing', async () => {
    const keys = { k1: key(1), k2: key(2) };
    let ring: Cipher = k1;
    const encryption: Cipher = {
      seal: (text, context) => ring.seal(text, context),
      open: (text, context) => ring.open(text, context),
    };
    await using house = await createHouse({ connector: { encryption } });
    const { contoso, simulator, storage } = house;
    simulator.grantConsent(contoso.id);
    simulator.setPropagation(0);
    const id = await house.register();
    const journey = await beginJourney(house, id);
    const state = await signedIn(house, journey, contoso.administrator.username);
    expect((await recordOf(storage, state)).value.sealed).toMatch(/^v1:k1:/);

    // A process that never had the old key uses nothing up.
    ring = keyring({ active: 'k2', keys: { k2: key(2) } });
    expect((await claimConsent(house, state, journey)).status).toBe(400);
    ring = keyring({ active: 'k2', keys });
    const confirmation = locationOf(await claimConsent(house, state, journey));
    const attempt = await recordOf(storage, secretOf(confirmation, 'attempt'));
    expect(attempt.value.sealed).toMatch(/^v1:k2:/);
    ring = keyring({ active: 'k2', keys: { k2: key(2) } });
    expect((await visit(confirmation, journey.cookie)).status).toBe(200);
    expect((await confirm(confirmation, journey.cookie)).status).toBe(303);
    expect((await house.get(id)).status).toBe('active');
  });

  it('a text that was sealed for one organization opens for no other kind, organization or tenant', () => {
    const context = { kind: 'attempt', organizationId: 'org-1', tenantId: 'tenant-1' };
    const sealed = k1.seal('proof', context) as string;
    expect(k1.open(sealed, context)).toEqual({ text: 'proof', stale: false });
    for (const other of [{ kind: 'token' }, { organizationId: 'org-2' }, { tenantId: 'tenant-2' }]) {
      let error: unknown;
      try {
        k1.open(sealed, { ...context, ...other });
      } catch (thrown) {
        error = thrown;
      }
      expect(ConnectorError.is(error, 'storage_failed')).toBe(true);
    }
  });
});
