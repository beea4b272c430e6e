import { describe, expect, it } from 'vitest';
import { createHouse } from '../connect-house.ts';
import { attemptOf, carefulBrowser } from './careful-browser.ts';

const open = async () => {
  const house = await createHouse();
  const id = await house.register();
  const anna = await carefulBrowser(house, 'anna');
  return { house, id, anna, administrator: house.contoso.administrator.username };
};
const invalid = { status: 400, html: expect.stringContaining('attempt_invalid') };

describe('attack 9: a link to connect would end at a page of the attacker', () => {
  const addresses = (origin: string) => {
    const { host, port, hostname } = new URL(origin);
    return [
      'https://evil.example/',
      '//evil.example',
      '////evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/\t/evil.example',
      ' https://evil.example',
      'http:///evil.example',
      'https:evil.example',
      'javascript:alert(1)',
      'data:text/html,x',
      `https://${host}/`,
      `http://${hostname}:${Number(port) + 1}/`,
      `http://evil@${host}/`,
      `http://user:secret@${host}/`,
      `http://${host}@evil.example/`,
      `${origin}.evil.example/`,
      `https://evil.example\\@${host}/`,
      `view-source:${origin}/`,
    ];
  };

  it('where it is named at the beginning, or in an invitation', async () => {
    const { house, id, anna } = await open();
    await using _ = house;
    for (const returnTo of addresses(house.origin)) {
      const page = await anna.begin(id, { returnTo });
      expect(page, returnTo).toMatchObject({ status: 400, html: expect.stringContaining('returnTo') });
      expect(page.html).not.toContain('evil');
      const invited = house.connector.authorization.invite({ connectionId: id, actor: 'anna', returnTo });
      await expect(invited, returnTo).rejects.toMatchObject({ code: 'invalid_request', field: 'returnTo' });
    }
    const twice = `${house.origin}/connect/begin?connectionId=${id}&returnTo=/settings&returnTo=//evil.example`;
    expect((await anna.open(twice)).status).toBe(400);
  });

  it('where it is of another scheme and only begins behind it like the host', async () => {
    const { house, id, anna } = await open();
    await using _ = house;
    const page = await anna.begin(id, { returnTo: `blob:${house.origin}/page` });
    expect(page).toMatchObject({ status: 400, html: expect.stringContaining('returnTo') });
  });

  it('where it is slipped in on the way back', async () => {
    const { house, id, anna, administrator } = await open();
    await using _ = house;
    const astray = {
      returnTo: 'https://evil.example/',
      redirect_uri: '//evil.example',
      next: '//evil.example',
    };
    const slipped = (address: URL) => `${address}&${new URLSearchParams(astray)}`;
    const signedIn = await anna.signIn(
      await anna.begin(id, { returnTo: '/settings?tab=mail' }),
      administrator,
    );
    const consent = await anna.open(slipped(signedIn.url));
    expect(consent.url.searchParams.get('redirect_uri')).toBe(`${house.origin}/connect/callback`);
    const consented = await anna.submit(consent, 'Accept');
    const confirmation = await anna.open(slipped(consented.url));
    const attempt = attemptOf(confirmation);
    const end = await anna.post(`/connect/confirm?${new URLSearchParams(astray)}`, { attempt, ...astray });
    expect(end.url.href).toBe(`${house.origin}/settings?tab=mail`);
  });

  it('where the state is an address', async () => {
    const { house, anna } = await open();
    await using _ = house;
    for (const state of addresses(house.origin)) {
      const page = await anna.answer({ state, code: 'x' });
      expect(page, state).toMatchObject(invalid);
      expect(page.url.origin).toBe(house.origin);
      expect(page.html).not.toContain('evil');
    }
  });
});
