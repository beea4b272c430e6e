import { authorizeAsAdministrator } from '@mailsphere/simulator';
import { expect } from 'vitest';
import { type ExampleWorld, PASSWORD } from './example-world.ts';

export const HANNA = 'hanna@harbour.example';
export const SOFIA = 'sofia@summit.example';
export const MAIL = '/organizations/contoso/mail';
export const USERS = '/organizations/contoso/user-sync';

/** Asks the example host as a browser would, without one. */
export function createHostClient({ host, isIdle }: ExampleWorld) {
  const request = (path: string, init: RequestInit & { readonly cookie?: string } = {}) =>
    fetch(host.url + path, {
      redirect: 'manual',
      ...init,
      headers: { origin: host.url, cookie: init.cookie ?? '', ...init.headers },
    });
  const post = (path: string, cookie: string, form: Record<string, string> = {}) =>
    request(path, { cookie, method: 'POST', body: new URLSearchParams(form) });
  /** Until all work that is due has been done. */
  const idle = () => expect.poll(isIdle, { timeout: 60_000, interval: 100 }).toBe(true);
  /** Contoso's connection; nobody has authorised it yet. */
  const register = () =>
    host.connector.connections.register({
      organizationId: 'contoso',
      organizationName: 'Contoso',
      partnerId: 'harbour',
      tenant: 'contoso',
    });

  return {
    request,
    post,
    idle,
    register,
    pageOf: async (path: string, cookie: string) => (await request(path, { cookie })).text(),
    async signIn(email: string) {
      const response = await post('/sign-in', '', { email, password: PASSWORD });
      return response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    },
    /** Contoso connected, and everything brought that is there. */
    async connect(): Promise<string> {
      const { id } = await register();
      const { link } = await host.connector.authorization.invite({ connectionId: id, actor: 'hanna' });
      await authorizeAsAdministrator(link, { username: 'admin@contoso.onmicrosoft.com' });
      await idle();
      return id;
    },
  };
}

export type HostClient = ReturnType<typeof createHostClient>;
