import { describe, expect, it, vi } from 'vitest';
import { ConnectorError } from '../src/index.ts';
import { connect, createHost } from './host.ts';

describe('hooks around tokens', () => {
  it('learn whose token it is, and listeners are told', async () => {
    const beforeTokenRefresh = vi.fn();
    const afterTokenRefresh = vi.fn();
    const host = createHost({ hooks: { beforeTokenRefresh, afterTokenRefresh } });
    const refreshed = vi.fn();
    const failed = vi.fn();
    host.connector.events.on('token.refreshed', refreshed);
    host.connector.events.on('token.refresh_failed', failed);
    const id = await connect(host.connector);
    const connection = await host.connector.connections.get(id);
    const tenantId = connection?.tenant.tenantId;
    await host.connector.accessToken(id);
    expect(beforeTokenRefresh).toHaveBeenLastCalledWith({ providerId: 'scripted', tenantId, connection });
    expect(afterTokenRefresh).toHaveBeenLastCalledWith({
      providerId: 'scripted',
      tenantId,
      connection,
      expiresAt: 5,
    });
    expect(refreshed).toHaveBeenLastCalledWith({
      providerId: 'scripted',
      tenantId,
      connectionId: id,
      expiresAt: 5,
    });

    const error = new ConnectorError('unavailable', 'not now');
    host.service.refusal = error;
    await expect(host.connector.accessToken(id)).rejects.toBe(error);
    expect(failed).toHaveBeenCalledWith({ providerId: 'scripted', tenantId, connectionId: id, error });
    expect(afterTokenRefresh).toHaveBeenCalledOnce();
  });

  it('before may refuse; after may break nothing', async () => {
    const host = createHost({
      hooks: {
        beforeTokenRefresh: ({ connection }) => {
          if (connection) throw new Error('suspended by billing');
        },
      },
    });
    const id = await connect(host.connector);
    await expect(host.connector.accessToken(id)).rejects.toMatchObject({ code: 'refused' });

    const lines: unknown[] = [];
    const log = (fields: object) => void lines.push(fields);
    const other = createHost({
      hooks: { afterTokenRefresh: () => Promise.reject(new Error('with a secret in it')) },
      logger: { debug: log, info: log, warn: log, error: log },
    });
    const token = await other.connector.accessToken(await connect(other.connector));
    expect(token.token).toBe('token');
    expect(JSON.stringify(lines)).toContain('"error":"Error"');
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('hear nothing any more once the connector is closed', async () => {
    const beforeTokenRefresh = vi.fn();
    const host = createHost({ hooks: { beforeTokenRefresh } });
    const id = await connect(host.connector);
    await host.connector.close();
    await host.connector.accessToken(id);
    expect(beforeTokenRefresh).not.toHaveBeenCalled();
  });
});

describe("the host's credential", () => {
  const DAY = 24 * 3600_000;

  it('is told of 30, 7 and 1 days before its end, once by one of all processes, and anew for the next one', async () => {
    const host = createHost();
    host.provider.credentialExpiresAt = host.clock.now() + 40 * DAY;
    const told: unknown[] = [];
    const processes = [host.connector, host.create(), host.create()];
    for (const { events } of processes)
      events.on('credential.expiring', ({ days, providerId }) => void told.push([providerId, days]));
    const pass = async (days: number) => {
      for (let hour = 0; hour < days * 24; hour += 6) {
        await Promise.all(processes.map((connector) => connector.workload()));
        await host.clock.advance(6 * 3600_000);
      }
    };
    await pass(9);
    expect(told).toEqual([]);
    await pass(40);
    expect(told).toEqual([30, 7, 1].map((days) => ['scripted', days]));
    host.provider.credentialExpiresAt = host.clock.now() + 5 * DAY;
    await pass(1);
    expect(told.slice(3)).toEqual([['scripted', 7]]);
  });
});
