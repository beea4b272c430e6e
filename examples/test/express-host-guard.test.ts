import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createExampleWorld, type ExampleWorld } from './browser/example-world.ts';
import { createHostClient, HANNA, type HostClient, MAIL, SOFIA, USERS } from './browser/host-client.ts';
import { refuseOneMessage } from './browser/troubles.ts';

const POSTS = [
  `${MAIL}/pause`,
  `${MAIL}/resume`,
  `${MAIL}/cancel`,
  `${MAIL}/retry`,
  USERS,
  `${USERS}/full`,
  `${USERS}/removals`,
];

let world: ExampleWorld;
let client: HostClient;
afterEach(() => world.close());

// Everything goes through real servers, and the machine may be busy with others.
describe('What steers the example host', { timeout: 60_000 }, () => {
  beforeEach(async () => {
    world = await createExampleWorld();
    client = createHostClient(world);
  });

  /** Contoso with a failure, and paused: whatever gets through leaves a trace. */
  const stillWorld = async () => {
    refuseOneMessage(world.simulator);
    const id = await client.connect();
    const { mail, directory } = world.host.connector;
    await mail.pause(id, { reason: 'as it was' });
    const hanna = await client.signIn(HANNA);
    return {
      hanna,
      async look() {
        await client.idle();
        const { state, reason, mailboxes } = await mail.status(id);
        const failures = await Array.fromAsync(mail.failures(id));
        const isRunning = !(await client.pageOf(USERS, hanna)).includes('Sync now');
        return { state, reason, mailboxes, failures, isRunning, runs: await directory.runs(id) };
      },
    };
  };

  it('is not there for people of another partner, and asks others to sign in', async () => {
    const { look } = await stillWorld();
    const before = await look();
    const sofia = await client.signIn(SOFIA);
    for (const path of [MAIL, `${MAIL}/cancel`, USERS, `${USERS}/removals`]) {
      expect((await client.request(path, { cookie: sofia })).status, path).toBe(404);
      expect((await client.request(path)).headers.get('location'), path).toContain('/sign-in?next=');
    }
    for (const path of POSTS) {
      expect((await client.post(path, sofia)).status, path).toBe(404);
      expect((await client.post(path, '')).headers.get('location'), path).toBe('/sign-in');
    }
    expect(await look()).toEqual(before);
  });

  it('takes no form from elsewhere, and does nothing for a link', async () => {
    const { look, hanna } = await stillWorld();
    const before = await look();
    for (const path of POSTS) {
      for (const origin of ['https://evil.example', 'null', '']) {
        const init = { cookie: hanna, method: 'POST', headers: { origin } };
        expect((await client.request(path, init)).status, path).toBe(403);
      }
      await client.request(path, { cookie: hanna });
    }
    expect(await look()).toEqual(before);
  });

  it('is not there before the tenant is connected', async () => {
    await client.register();
    const hanna = await client.signIn(HANNA);
    for (const path of POSTS) expect((await client.post(path, hanna)).status, path).toBe(404);
    for (const path of [`${MAIL}/cancel`, `${USERS}/removals`])
      expect((await client.request(path, { cookie: hanna })).status, path).toBe(404);
  });
});
