import { describe, expect, it } from 'vitest';
import type { Connector } from '../src/index.ts';
import { attemptOf, connect, createBrowser, createHost } from './host.ts';

const isBound = ({ status }: { readonly status: string }) =>
  status === 'active' || status === 'reauthorization_required';

/** Somebody confirms while another process does something else, at each step of the storage in turn. */
async function atEachStep(
  meanwhile: (other: Connector, id: string) => Promise<unknown>,
  check: (host: ReturnType<typeof createHost>, id: string, step: number) => Promise<void>,
) {
  for (let step = 1; step <= 24; step++) {
    const host = createHost();
    const { id } = await host.connector.connections.register({ organizationId: 'org-1', tenant: 'contoso' });
    const browser = createBrowser(host.connector);
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    await browser.send(location);
    await host.clock.advance(1);
    const other = host.create();
    const { get, put, delete: remove } = host.storage;
    const original = { get, put, delete: remove };
    let calls = 0;
    const between = async () => {
      if (++calls !== step) return;
      Object.assign(host.storage, original);
      await meanwhile(other, id).catch(() => undefined);
    };
    host.storage.get = async (...of) => {
      await between();
      return get(...of);
    };
    host.storage.put = async (...of) => {
      await between();
      return put(...of);
    };
    host.storage.delete = async (...of) => {
      await between();
      return remove(...of);
    };
    await browser.confirm(attemptOf(location));
    Object.assign(host.storage, original);
    await check(host, id, step);
  }
}

const boundOf = async (host: ReturnType<typeof createHost>, filter: { organizationId?: string } = {}) =>
  (await Array.fromAsync(host.connector.connections.list(filter))).filter(isBound);

describe('whatever another process does while somebody confirms', () => {
  it('a tenant belongs to one organization: ended and registered anew, an old confirmation does not come back', async () => {
    await atEachStep(
      async (other, id) => {
        await other.connections.disconnect(id);
        await other.connections.register({ organizationId: 'org-1', tenant: 'contoso' });
      },
      async (host, id, step) => {
        const first = await host.connector.connections.get(id);
        await connect(host.connector, 'org-2', 'contoso').catch(() => undefined);
        expect(await boundOf(host), `step ${step}`).toHaveLength(1);
        if (first && isBound(first))
          expect((await boundOf(host))[0]?.organizationId, `step ${step}`).toBe('org-1');
      },
    );
  });

  it('an organization has one tenant, and the one it has is found', async () => {
    await atEachStep(
      (other) => other.connections.register({ organizationId: 'org-1', tenant: 'fabrikam' }),
      async (host, _id, step) => {
        await connect(host.connector, 'org-1', 'fabrikam').catch(() => undefined);
        const bound = await boundOf(host, { organizationId: 'org-1' });
        expect(bound, `step ${step}`).toHaveLength(1);
        expect((await host.connector.connections.ofOrganization('org-1'))?.id, `step ${step}`).toBe(
          bound[0]?.id,
        );
      },
    );
  });
});
