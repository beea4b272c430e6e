import type { Defence } from './defence.ts';

const tokenManager = 'packages/office365/src/entra/token-manager.ts';
const tokenRequest = 'packages/office365/src/entra/token-request.ts';
const keyRing = 'packages/office365/src/entra/key-ring.ts';
const idToken = 'packages/office365/src/entra/id-token.ts';
const loginClient = 'packages/office365/src/entra/login-client.ts';
const loginAnswer = 'packages/office365/src/entra/login-answer.ts';
const signIn = 'packages/office365/src/entra/sign-in.ts';
const cloud = 'packages/office365/src/cloud.ts';
const attempt = 'packages/core/src/attempt.ts';
const authorization = 'packages/core/src/authorization.ts';
const bindings = 'packages/core/src/bindings.ts';
const connections = 'packages/core/src/connections.ts';
const consent = 'packages/core/src/consent.ts';
const handler = 'packages/core/src/handler.ts';
const pages = 'packages/core/src/pages.ts';

/** What holds off the attacks 13 to 23. */
export const serviceDefences: readonly Defence[] = [
  {
    attack: 13,
    what: 'one request for all who need a token of a tenant',
    file: tokenManager,
    from: "return current?.token ?? begin(tenantId, state, 'flight');",
    to: "return begin(tenantId, state, 'flight');",
  },
  {
    attack: 13,
    what: 'a pause after an outage',
    file: tokenManager,
    from: 'if (pause && pause.until > clock.now()) return Promise.reject(pause.error);',
    to: '',
  },
  {
    attack: 13,
    what: 'a lane for each tenant',
    file: 'packages/office365/src/limiter/limiter.ts',
    from: `: \`\${key.tenantId}/directory\``,
    to: `: 'directory'`,
  },
  {
    attack: 13,
    what: 'a bound to the tries of one call',
    file: 'packages/office365/src/transient-retry.ts',
    from: 'const TRIES = 3;',
    to: 'const TRIES = 9;',
  },
  {
    attack: 13,
    what: 'a rest between looks for an unknown key',
    file: keyRing,
    from: 'clock.now() >= entry.rest.until',
    to: 'true',
  },
  {
    attack: 13,
    what: 'one look for all who miss a key at the same time',
    file: keyRing,
    from: 'entry.rereading ??= read(entry.metadata)',
    to: 'entry.rereading = read(entry.metadata)',
  },
  {
    attack: 13,
    what: 'one reading of the keys for all who come first',
    file: keyRing,
    from: 'loading.get(tenantId) ?? load(tenantId)',
    to: 'load(tenantId)',
  },
  {
    attack: 14,
    what: 'no referrer',
    file: pages,
    from: "'referrer-policy': 'no-referrer',",
    to: '',
  },
  {
    attack: 14,
    what: 'pages that no cache keeps',
    file: pages,
    from: "'cache-control': 'no-store',",
    to: '',
  },
  {
    attack: 14,
    what: 'a log without the texts of others',
    file: handler,
    from: 'cause instanceof Error ? cause.name : undefined',
    to: 'cause instanceof Error ? cause.message : undefined',
  },
  {
    attack: 14,
    what: 'proofs that are sealed before they are stored',
    file: attempt,
    from: 'const { nonce, codeVerifier, person, grant, grantedAt, ...open } = attempt;',
    to: 'const { nonce, codeVerifier, person, grant, grantedAt } = attempt; const open = attempt;',
  },
  {
    attack: 14,
    what: 'an error without the description of the sign-in service',
    file: loginAnswer,
    from: `serviceCode ? \`\${text} (\${serviceCode})\` : text`,
    to: `\`\${text} (\${problem?.error_description})\``,
  },
  {
    attack: 14,
    what: 'an error without what could not be parsed',
    file: 'packages/office365/src/graph/transport-step.ts',
    from: `throw new Error(\`The answer is no JSON; it has \${text.length} characters.\`);`,
    to: `throw new Error(\`The answer is no JSON: \${text}\`);`,
  },
  {
    attack: 14,
    what: 'an error without the link that was refused',
    file: 'packages/office365/src/graph/link-check.ts',
    from: "throw refused('leads to another host');",
    to: `throw refused(\`leads to \${link}\`);`,
  },
  {
    attack: 14,
    what: 'a link that is stored as its hash',
    file: 'packages/core/src/invitation.ts',
    from: 'await invitations.put(sha256(secret), { ...fields, connectionId, registeredAt, expiresAt }, null);',
    to: 'await invitations.put(sha256(secret), { ...fields, secret, connectionId, registeredAt, expiresAt } as never, null);',
  },
  {
    attack: 15,
    what: 'a fresh token for the question what is granted',
    file: 'packages/office365/src/verification.ts',
    from: 'fresh: true',
    to: 'fresh: false',
  },
  {
    attack: 15,
    what: 'a refusal that an answer in between undoes',
    file: consent,
    from: 'const noRefusal = { refusedSince: undefined, refusedBy: undefined };',
    to: 'const noRefusal = {};',
  },
  {
    attack: 15,
    what: 'a refusal that is forgotten after an hour',
    file: consent,
    from: 'current.refusedSince === undefined || isOld',
    to: 'current.refusedSince === undefined',
  },
  {
    attack: 15,
    what: 'a refusal that is believed at all',
    file: consent,
    from: 'lost = age >= REFUSAL_PATIENCE;',
    to: '',
  },
  {
    attack: 15,
    what: 'a confirmation that waits for all that is required',
    file: authorization,
    from: 'const missing = requiredOf(grant);',
    to: 'const missing: readonly string[] = [];',
  },
  {
    attack: 15,
    what: 'a page that shows what was not asked for',
    file: pages,
    from: 'more.length > 0 ?',
    to: 'more.length < 0 ?',
  },
  {
    attack: 15,
    what: 'no conclusion from what nobody knows',
    file: loginAnswer,
    from: "const code = fault ? meanings[asked][fault] : 'unexpected';",
    to: "const code = fault ? meanings[asked][fault] : 'reauthorization_required';",
  },
  {
    attack: 16,
    what: 'an end to a token that was refused',
    file: tokenManager,
    from: 'if (instead !== undefined && !(mayBeKept && isKept(state, instead))) refuse(state, instead);',
    to: '',
  },
  {
    attack: 16,
    what: 'a longest life',
    file: tokenRequest,
    from: 'Math.min(issued.expires_in, LONGEST_LIFE)',
    to: 'issued.expires_in',
  },
  {
    attack: 16,
    what: 'a look at the connection before a token is handed out',
    replacements: [
      {
        file: connections,
        from: "if (connection.status === 'active') return connection;",
        to: 'return connection;',
      },
    ],
  },
  {
    attack: 17,
    what: 'plain http for this machine only',
    file: cloud,
    from: "url.protocol === 'http:' && isLoopback(url.hostname)",
    to: "url.protocol === 'http:'",
  },
  {
    attack: 17,
    what: 'loopback that is spelt out',
    file: 'packages/office365/src/transport/loopback.ts',
    from: '/^127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$/.test(hostname)',
    to: '/^127\\./.test(hostname)',
  },
  {
    attack: 17,
    what: 'no user name in an endpoint',
    file: cloud,
    from: 'url.username || url.password',
    to: 'false',
  },
  {
    attack: 17,
    what: 'pages over https',
    file: 'packages/core/src/base-url.ts',
    from: "(url.protocol === 'http:' && isLoopback)",
    to: "url.protocol === 'http:'",
  },
  {
    attack: 17,
    what: 'no option that is not known',
    file: 'packages/office365/src/options.ts',
    from: 'export const optionsSchema = z.strictObject({',
    to: 'export const optionsSchema = z.object({',
  },
  {
    attack: 17,
    what: 'a simulator for this machine only',
    file: 'packages/simulator/src/server.ts',
    from: 'if (!LOOPBACK.has(host))',
    to: 'if (false)',
  },
  {
    attack: 17,
    what: 'a check of each link before the token goes with it',
    file: 'packages/office365/src/graph/link-check.ts',
    from: "if (url.origin !== graph) throw refused('leads to another host');",
    to: '',
  },
  {
    attack: 18,
    what: 'a seal that is bound to its organization',
    file: 'packages/core/src/keyring.ts',
    from: 'JSON.stringify([VERSION, keyId, kind, organizationId, tenantId])',
    to: 'JSON.stringify([VERSION, keyId, kind, tenantId, organizationId.length - organizationId.length])',
  },
  {
    attack: 18,
    what: 'a seal that is bound to its tenant and kind',
    file: 'packages/core/src/keyring.ts',
    from: 'JSON.stringify([VERSION, keyId, kind, organizationId, tenantId])',
    to: 'JSON.stringify([VERSION, keyId, organizationId, kind.length - kind.length, tenantId.length - tenantId.length])',
  },
  {
    attack: 18,
    what: 'one answer for every seal that does not open',
    file: attempt,
    from: 'throw attemptInvalid(cause);',
    to: 'throw cause;',
  },
  {
    attack: 18,
    what: 'a new seal with the active key',
    file: 'packages/core/src/keyring.ts',
    from: 'return [VERSION, active, ...parts].join',
    to: "return [VERSION, [...keys.keys()][0] ?? '', ...parts].join",
  },
  {
    attack: 19,
    what: 'no redirect in the transport over fetch',
    file: 'packages/office365/src/transport/fetch-transport.ts',
    from: "redirect: 'manual',",
    to: "redirect: 'follow',",
  },
  {
    attack: 19,
    what: 'no redirect in the default transport',
    replacements: [
      {
        file: 'packages/office365/src/transport/undici-transport.ts',
        from: "import { Agent, type Dispatcher, EnvHttpProxyAgent, request as send } from 'undici';",
        to: "import { Agent, type Dispatcher, EnvHttpProxyAgent, interceptors, request as send } from 'undici';",
      },
      {
        file: 'packages/office365/src/transport/undici-transport.ts',
        from: 'const direct = new Agent(settings);',
        to: 'const direct = new Agent(settings).compose(interceptors.redirect({ maxRedirections: 3 }));',
      },
    ],
  },
  {
    attack: 19,
    what: 'a longest body',
    file: loginClient,
    from: 'readText(response, LONGEST_BODY)',
    to: 'readText(response, Number.POSITIVE_INFINITY)',
  },
  {
    attack: 19,
    what: 'a time limit',
    file: loginClient,
    from: 'const TIMEOUT = 30_000;',
    to: 'const TIMEOUT = 3_000_000;',
  },
  {
    attack: 19,
    what: 'a life that lies ahead',
    file: tokenRequest,
    from: 'z.coerce.number().positive()',
    to: 'z.coerce.number()',
  },
  {
    attack: 20,
    what: 'tokens that are forgotten',
    replacements: [
      {
        file: connections,
        from: `const stopped = context.stopWork(connectionId);
      providers.get(connection.providerId)?.forget?.(connection.tenant);`,
        to: 'const stopped = context.stopWork(connectionId);',
      },
      {
        file: connections,
        from: `if (connection.status === 'disconnected')
        providers.get(connection.providerId)?.forget?.(connection.tenant);`,
        to: '',
      },
    ],
  },
  {
    attack: 20,
    what: 'a second look at the connection once the token is there',
    file: 'packages/core/src/connector.ts',
    from: `await connections.requireActive(id);
        return token;`,
    to: 'return token;',
  },
  {
    attack: 20,
    what: 'work that is stopped',
    file: connections,
    from: 'const stopped = context.stopWork(connectionId);',
    to: 'const stopped = undefined;',
  },
  {
    attack: 20,
    what: 'sign-ins and links that end',
    file: connections,
    from: 'await context.cancelAuthorization(connectionId);',
    to: '',
  },
  {
    attack: 20,
    what: 'one tenant for one organization',
    replacements: [
      { file: bindings, from: 'if (before !== undefined && (await bound(before)))', to: 'if (false)' },
      { file: bindings, from: 'if (await bound(before)) {', to: 'if (false) {' },
    ],
  },
  {
    attack: 20,
    what: 'a sign-in at the tenant that is connected',
    file: signIn,
    from: `page(\`/\${tenantIdOf(tenant)}/oauth2/v2.0/authorize\`, {`,
    to: `page(\`/organizations/oauth2/v2.0/authorize\`, {`,
  },
  {
    attack: 20,
    what: 'an identity token of the tenant that is connected',
    replacements: [
      { file: idToken, from: 'issuer: keys.issuer,', to: '' },
      { file: idToken, from: "if (home !== tenantId) throw invalid('belongs to another tenant');", to: '' },
    ],
  },
  {
    attack: 21,
    what: 'the issuer of an identity token',
    file: idToken,
    from: 'issuer: keys.issuer,',
    to: '',
  },
  {
    attack: 21,
    what: 'the tenant of an identity token',
    file: idToken,
    from: "if (home !== tenantId) throw invalid('belongs to another tenant');",
    to: '',
  },
  {
    attack: 21,
    what: 'a right that is asked for by the id of the person',
    file: 'packages/office365/src/grant-right.ts',
    from: 'return false;',
    to: 'return true;',
  },
  {
    attack: 21,
    what: 'a sign-in at the tenant, not at its domain',
    file: signIn,
    from: `page(\`/\${tenantIdOf(tenant)}/oauth2/v2.0/authorize\`, {`,
    to: `page(\`/\${(tenant as { domain?: string }).domain}/oauth2/v2.0/authorize\`, {`,
  },
  {
    attack: 22,
    what: 'the cookie before anything is used up',
    file: authorization,
    from: 'const { attempt, connection, provider } = await proceed(state, browser);',
    to: 'const { attempt, connection, provider } = await proceed(state, browser).catch(async (error) => { await attempts.consume(state); throw error; });',
  },
  {
    attack: 22,
    what: 'the cookie',
    replacements: [
      {
        file: attempt,
        from: 'if (!stored || cookie === undefined) throw attemptInvalid();',
        to: 'if (!stored) throw attemptInvalid();',
      },
      {
        file: attempt,
        from: 'const sameBrowser = timingSafeEqual(Buffer.from(sha256(cookie)), Buffer.from(stored.browser));',
        to: 'const sameBrowser = true;',
      },
      {
        file: authorization,
        from: 'else if ((await askActor(browser.request, connection)) !== attempt.actor) throw attemptInvalid();',
        to: '',
      },
    ],
  },
  {
    attack: 22,
    what: 'no page for a HEAD request',
    replacements: [
      {
        file: handler,
        from: `const route = routes[\`\${request.method} \${path}\`];`,
        to: `const route = routes[\`\${request.method === 'HEAD' ? 'GET' : request.method} \${path}\`];`,
      },
      { file: handler, from: "if (request.method === 'HEAD')", to: 'if (false)' },
    ],
  },
  {
    attack: 22,
    what: 'no page for a speculative load',
    file: handler,
    from: 'if (isSpeculative(request)) return new Response(null, { status: 503 });',
    to: '',
  },
  {
    attack: 22,
    what: 'a link that looking does not use up',
    file: handler,
    from: "return show('invitation', {",
    to: "await begin.accept(link, undefined); return show('invitation', {",
  },
  {
    attack: 23,
    what: 'the question who is at the browser, at the beginning',
    file: handler,
    from: 'const actor = connection && (await authorization.askActor(request, connection));',
    to: "const actor = connection && ((await authorization.askActor(request, connection).catch(() => undefined)) ?? 'anyone');",
  },
  {
    attack: 23,
    what: 'the same person at every step',
    file: authorization,
    from: 'else if ((await askActor(browser.request, connection)) !== attempt.actor) throw attemptInvalid();',
    to: '',
  },
];
