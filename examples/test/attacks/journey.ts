import { createBrowser } from '@mailsphere/simulator';
import { expect } from 'vitest';
import type { House } from '../connect-house.ts';

/** A connect flow taken apart, so that each request can be sent by whom one likes, as often as one likes. */
export interface Journey {
  /** The session at the host and the cookie of the flow. */
  readonly cookie: string;
  /** Where the browser was sent first: the sign-in at Microsoft. */
  readonly signIn: string;
}

/** One request to the host; redirects are not followed. */
export const visit = (url: string | URL, cookie?: string, init: RequestInit = {}): Promise<Response> =>
  fetch(url, {
    redirect: 'manual',
    ...init,
    headers: { ...(cookie !== undefined && { cookie }), ...init.headers },
  });

export const locationOf = (response: Response): string => response.headers.get('location') ?? '';

/** Follows the host's own link to connect, as one of its users. */
export async function beginJourney(house: House, connectionId: string, user = 'anna'): Promise<Journey> {
  const link = `${house.origin}/connect/begin?connectionId=${connectionId}`;
  const response = await visit(link, `session=${user}`);
  const [flow = ''] = response.headers.getSetCookie();
  return { cookie: `session=${user}; ${flow.split(';')[0]}`, signIn: locationOf(response) };
}

/** What the person does at Microsoft. Resolves with where Microsoft sends the browser, which is not opened. */
export async function atMicrosoft(house: House, address: string, username: string): Promise<URL> {
  const browser = createBrowser({
    fetch: house.simulator.fetch,
    stopAt: ({ origin }) => origin === house.origin,
  });
  let view = await browser.open(address);
  if (view.html.includes('>Next</button>')) view = await browser.submit(view, 'Next', { username });
  if (view.html.includes('>Accept</button>')) view = await browser.submit(view, 'Accept');
  return view.url;
}

/** Signs in and accepts. Resolves with the address of the host's page that asks for the last word. */
export async function toConfirmation(house: House, journey: Journey, username: string): Promise<string> {
  const signedIn = await visit(await atMicrosoft(house, journey.signIn, username), journey.cookie);
  const consented = await atMicrosoft(house, locationOf(signedIn), username);
  return locationOf(await visit(consented, journey.cookie));
}

/** Presses the button of the page that asks for the last word. */
export const confirm = (confirmation: string, cookie: string | undefined): Promise<Response> => {
  const { origin, pathname, searchParams } = new URL(confirmation);
  return visit(origin + pathname, cookie, { method: 'POST', body: new URLSearchParams(searchParams) });
};

/** Connects an organization to a tenant, by its administrator. Resolves with the connection's id. */
export async function connected(
  house: House,
  organizationId = 'org-1',
  tenant = house.contoso,
): Promise<string> {
  const id = await house.register(organizationId, tenant.name);
  const person = await house.person('anna');
  await person.authorize(id, tenant.administrator.username);
  expect((await house.get(id)).status).toBe('active');
  return id;
}

/** The error that a call ends with. */
export const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

// Real milliseconds that work may take which waits for nothing but this machine.
const PATIENCE = 5_000;

/** Lets work go on, while the clock stands still, until it ends or nothing more is to be expected of it. */
async function lookAt({ clock }: House, work: Promise<unknown>, goesOn: (looks: number) => boolean) {
  let ended = false;
  const end = () => {
    ended = true;
  };
  work.then(end, end);
  for (let looks = 0; !ended && goesOn(looks); looks++) await clock.advance(0);
  return ended;
}

/** Whether work comes to its end while the clock stands still. */
export function endsAtOnce(house: House, work: Promise<unknown>): Promise<boolean> {
  const startedAt = performance.now();
  return lookAt(house, work, () => performance.now() - startedAt < PATIENCE);
}

/** Whether work has not ended by itself after a while in which the clock stood still. */
export const isHeldUp = async (house: House, work: Promise<unknown>): Promise<boolean> =>
  !(await lookAt(house, work, (looks) => looks < 100));

/** How many tokens of a tenant were asked for. */
export const tokensOf = ({ simulator }: House, tenant: { readonly id: string }): number =>
  simulator.counts.tokensByTenant[tenant.id] ?? 0;
