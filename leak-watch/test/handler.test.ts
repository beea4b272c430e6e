import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { watchHandler } from '../handler-watch.ts';
import { createLeakWatch } from '../leak-watch.ts';

const BASE = 'https://app.example/connect';
const secret = randomBytes(32).toString('base64url');

/** The leaks of one answer. */
async function leaksOf(response: Response, handed: readonly string[] = []) {
  const watch = createLeakWatch();
  watch.learn('a state', secret);
  const handler = watchHandler(async () => response, watch, { baseUrl: BASE, handed: new Set(handed) });
  await handler(new Request(`${BASE}/begin`));
  return watch.takeLeaks();
}
const redirect = (location: string) => new Response(null, { status: 302, headers: { location } });
const page = (html: string, status = 200) => new Response(html, { status });
const field = `<input type="hidden" name="attempt" value="${secret}">`;
const signIn = `https://login.example/t?state=${secret}&amp;prompt=x`;

describe('a secret may be where the protocol needs it', () => {
  it.each([
    ['the state of the sign-in', redirect(`https://login.example/t?state=${secret}&nonce=${secret}`)],
    ['the attempt to confirm', redirect(`${BASE}/confirm?attempt=${secret}`)],
    ['the cookie', new Response(null, { headers: { 'set-cookie': `mailsphere_connect=${secret}; Path=/` } })],
    [
      'the cookie of a host with https',
      new Response(null, { headers: { 'set-cookie': `__Secure-mailsphere_connect=${secret}; Path=/` } }),
    ],
    ['the hidden field of a form', page(`<form>${field}</form>`)],
    ['the way to the sign-in', page(`<meta content="0;url=${signIn}"><a href="${signIn}">go</a>`)],
  ])('%s', async (_, response) => {
    expect(await leaksOf(response)).toEqual([]);
  });

  it('what a page of the host was given', async () => {
    expect(await leaksOf(page(`{"attempt":"${secret}"}`), [secret])).toEqual([]);
  });
});

describe('anywhere else it is a leak', () => {
  it.each([
    ['the header location of an answer', redirect(`https://login.example/t?state=${secret}&hint=${secret}`)],
    ['the header location of an answer', redirect(`https://login.example/${secret}?state=a`)],
    ['the header location of an answer', redirect(`https://login.example/t?state=a&state=${secret}`)],
    ['the header location of an answer', redirect(`https://app.example/done?attempt=${secret}`)],
    ['the header location of an answer', redirect(`${BASE}/confirm?state=${secret}`)],
    ['the header location of an answer', redirect(`/confirm?attempt=${secret}`)],
    ['the header set-cookie of an answer', new Response(null, { headers: { 'set-cookie': `x=${secret}` } })],
    ['the header x-debug of an answer', new Response(null, { headers: { 'x-debug': secret } })],
    ['a page', page(`<p>${secret}</p>`)],
    ['a page', page(`${field}<p>${secret}</p>`)],
    ['a page', page(`<input type="hidden" name="state" value="${secret}">`)],
    ['an error page', page(field, 400)],
    ['an error page', page(`<p>${secret}</p>`, 500)],
  ])('%s', async (sink, response) => {
    expect(await leaksOf(response)).toEqual([{ sink, kind: 'a state' }]);
  });
});

it('leaves the answer as it was', async () => {
  const watch = createLeakWatch();
  const handler = watchHandler(async () => page('text'), watch, { baseUrl: BASE, handed: new Set() });
  expect(await (await handler(new Request(`${BASE}/begin`))).text()).toBe('text');
});
