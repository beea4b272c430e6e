import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createExampleWorld, type ExampleWorld } from './browser/example-world.ts';
import { createHostClient, HANNA, type HostClient, MAIL, USERS } from './browser/host-client.ts';
import { loseUsers } from './browser/troubles.ts';

let world: ExampleWorld;
let client: HostClient;
afterEach(() => world.close());

// Everything goes through real servers, and the machine may be busy with others.
describe('Steering User Sync of the example host', { timeout: 60_000 }, () => {
  let id: string;
  let hanna: string;
  const runs = () => world.host.connector.directory.runs(id);
  beforeEach(async () => {
    world = await createExampleWorld({ users: 40 });
    client = createHostClient(world);
    id = await client.connect();
    hanna = await client.signIn(HANNA);
  }, 60_000);

  /** Syncs, and waits until that has come to its end. */
  const sync = async (path = USERS, form: Record<string, string> = {}) => {
    const before = (await runs()).length;
    const response = await client.post(path, hanna, form);
    await expect.poll(async () => (await runs()).length, { timeout: 30_000 }).toBe(before + 1);
    await expect.poll(() => client.pageOf(USERS, hanna), { timeout: 30_000 }).toContain('Sync now');
    return response.headers.get('location');
  };
  const seenAt = async () =>
    /name="seen" value="([^"]+)"/.exec(await client.pageOf(`${USERS}/removals`, hanna))?.[1];

  it('shows each run with what it cost, and what the service does not show', async () => {
    expect(await sync(`${USERS}/full`)).toBe(`${USERS}?said=reading`);
    const [full] = await runs();
    expect(full?.full).toEqual(['domain', 'user', 'contact', 'group']);
    const page = await client.pageOf(USERS, hanna);
    for (const shown of [
      'read in full: domains, users, contacts, groups',
      `It took ${full?.requests} requests, which Microsoft counted as ${full?.resourceUnits} resource units.`,
      'Dynamic distribution groups of Exchange, and their addresses, are not in Microsoft Graph.',
      '<li>40 users</li>',
    ])
      expect(page).toContain(shown);
    expect(page.match(/data-label="Outcome">Completed/g)).toHaveLength(2);
    expect(await client.pageOf(`${USERS}/removals`, hanna)).toContain('Nothing is held.');
  });

  it('lets a mass removal through only to somebody who has seen what would go', async () => {
    const lost = loseUsers(world.simulator);
    await sync();
    const page = await client.pageOf(USERS, hanna);
    expect(page).toContain(`<li>${lost} of 40 users</li>`);
    expect(page).toContain(`href="${USERS}/removals"`);
    expect(await client.pageOf('/organizations/contoso', hanna)).toContain('Removals are held');
    const seen = (await seenAt()) ?? '';
    const before = await runs();

    // Not seen, or seen before another run.
    world.simulator.addUser('contoso', { nickname: 'newcomer' });
    await sync();
    for (const form of [{}, { seen }]) {
      const refused = await client.post(`${USERS}/removals`, hanna, form as Record<string, string>);
      expect(refused.headers.get('location')).toBe(`${USERS}/removals?said=changed`);
    }
    expect((await runs()).slice(1)).toEqual(before);
    expect(await client.pageOf(USERS, hanna)).toContain('<li>41 users</li>');

    expect(await sync(`${USERS}/removals`, { seen: (await seenAt()) ?? '' })).toBe(`${USERS}?said=removing`);
    expect((await runs())[0]).toMatchObject({ outcome: 'completed', counts: { user: { removed: lost } } });
    const after = await client.pageOf(USERS, hanna);
    expect(after).toContain(`<li>${41 - lost} users</li>`);
    expect(after).not.toContain('Removals are held');
  });

  it('begins nothing while the tenant has to be authorised again, and says so', async () => {
    const before = await runs();
    world.simulator.revokeGrant('contoso');
    await world.host.connector.authorization.check(id);
    await world.advance(3 * 60_000 + 1);
    await world.host.connector.authorization.check(id);
    for (const path of [USERS, `${USERS}/full`, `${USERS}/removals`]) {
      const refused = await client.post(path, hanna, { seen: before[0]?.endedAt ?? '' });
      expect(refused.status).toBe(409);
      expect(await refused.text()).toContain('It rests until the tenant is authorised again.');
    }
    expect(await runs()).toEqual(before);
    expect(await client.pageOf(MAIL, hanna)).toContain(
      'An administrator must authorise the connection again.',
    );
  });
});
