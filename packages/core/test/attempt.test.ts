import { describe, expect, it, vi } from 'vitest';
import { type Cipher, keyring } from '../src/index.ts';
import { attemptOf, BASE, connect, createBrowser, createHost } from './host.ts';

const key = (fill: number) => new Uint8Array(32).fill(fill);
const register = (host: ReturnType<typeof createHost>, organizationId = 'org-1', tenant = 'contoso') =>
  host.connector.connections.register({ organizationId, tenant });
const callback = (state: string) => `${BASE}/callback?state=${state}&code=good`;

describe('what an attempt keeps in the storage', () => {
  it.each([
    ['with a keyring', keyring({ active: 'k1', keys: { k1: key(1) } })],
    ['with a key of its own', undefined],
  ])('neither nonce, verifier nor person can be read there: %s', async (_name, encryption) => {
    const host = createHost(encryption && { encryption });
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const state = await browser.begin(id);
    const [stored] = await host.storage.list('attempts');
    expect(stored?.value).not.toHaveProperty('nonce');
    expect(stored?.value).not.toHaveProperty('codeVerifier');
    await browser.signedIn(state);
    expect(JSON.stringify(await host.storage.list('attempts'))).not.toContain('"admin"');
  });

  it('opens for no other organization, and for nobody once it was altered', async () => {
    const host = createHost({ encryption: keyring({ active: 'k1', keys: { k1: key(1) } }) });
    const [mine, theirs] = [await register(host), await register(host, 'org-2', 'fabrikam')];
    const browser = createBrowser(host.connector);
    const states = [await browser.begin(mine.id), await browser.begin(theirs.id)];
    const [one, two] = await host.storage.list('attempts');
    if (!one || !two) throw new Error('There are two attempts.');
    const { sealed } = two.value as { readonly sealed: string };
    await host.storage.put('attempts', one.id, { ...(one.value as object), sealed });
    const statuses = await Promise.all(
      states.map(async (state) => (await browser.send(callback(state))).status),
    );
    expect(statuses.sort()).toEqual([302, 400]);
  });

  it('goes on with a retired key, is sealed anew with the active one, and ends with a key that is gone', async () => {
    const keys = { k1: key(1), k2: key(2) };
    const host = createHost({ encryption: keyring({ active: 'k1', keys }) });
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    const sealedWith = async () => {
      const [stored] = await host.storage.list('attempts');
      return JSON.stringify(stored?.value).match(/"v1:(\w+):/)?.[1];
    };
    expect(await sealedWith()).toBe('k1');
    // Other processes with the same storage, started with other keys.
    const withKeys = (encryption: Cipher) =>
      createBrowser(host.create(host.clock, { encryption }), 'anna', browser.cookie);
    host.service.pending = true;
    const rotated = withKeys(keyring({ active: 'k2', keys }));
    expect((await rotated.send(location)).status).toBe(200);
    expect(await sealedWith()).toBe('k2');
    expect((await browser.send(location)).status).toBe(200);
    const without = withKeys(keyring({ active: 'k3', keys: { k3: key(3) } }));
    expect((await without.send(location)).status).toBe(400);
  });

  it("can be sealed by the host's own cipher, which may be asynchronous", async () => {
    const cipher: Cipher = {
      seal: async (text) => Buffer.from(text).toString('base64'),
      open: async (sealed) => ({ text: Buffer.from(sealed, 'base64').toString(), stale: false }),
    };
    const seal = vi.spyOn(cipher, 'seal');
    const host = createHost({ encryption: cipher });
    const id = await connect(host.connector);
    const connection = await host.connector.connections.get(id);
    expect(connection?.status).toBe('active');
    expect(seal).toHaveBeenCalledWith(expect.any(String), {
      kind: 'attempt',
      organizationId: 'org-1',
      tenantId: connection?.tenant.tenantId,
    });
  });

  it('ends with the registration that it was begun for', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    await browser.send(location);
    await host.connector.connections.disconnect(id);
    await host.clock.advance(1);
    expect((await register(host)).id).toBe(id);
    expect((await browser.confirm(attemptOf(location))).status).toBe(400);
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'registered' });
    expect(await host.storage.list('attempts')).toEqual([]);
  });
});
