import type { Defence } from './defence.ts';

const CORE = 'packages/core/src';
const ENTRA = 'packages/office365/src/entra';
const authorization = `${CORE}/authorization.ts`;
const attempt = `${CORE}/attempt.ts`;
const bindings = `${CORE}/bindings.ts`;
const connections = `${CORE}/connections.ts`;
const consent = `${CORE}/consent.ts`;
const handler = `${CORE}/handler.ts`;
const pages = `${CORE}/pages.ts`;
const idToken = `${ENTRA}/id-token.ts`;
const signIn = `${ENTRA}/sign-in.ts`;
const tenantInput = `${ENTRA}/tenant-input.ts`;

const onlyActive = { file: connections, from: "if (connection.status === 'active') return connection;" };
const consentLeg = {
  file: authorization,
  from: "if (attempt.leg === 'consent' && adminConsent?.toLowerCase() === 'true')",
};
const lifeOfBrowser = {
  file: attempt,
  from: 'if (!sameBrowser || stored.expiresAt <= clock.now()) throw attemptInvalid();',
};
const oneValue = {
  file: handler,
  from: "if (values.length <= 1 && (value ?? '').length <= LONGEST_VALUE) return value;",
};
const errorFirst = { file: authorization, from: 'if (error !== undefined)' };
const nonce = {
  file: idToken,
  from: "if (claims.nonce !== nonce) throw invalid('belongs to another attempt');",
  to: '',
};
const proofOfCode = [
  { file: signIn, from: 'code_challenge: codeChallenge,', to: '' },
  { file: signIn, from: "code_challenge_method: 'S256',", to: '' },
  { file: signIn, from: 'code_verifier: codeVerifier,', to: '' },
];
const endOfAttempts = { file: connections, from: 'await context.cancelAuthorization(connectionId);', to: '' };

/** What holds the attacks 1 to 12 off. */
export const signInDefences: readonly Defence[] = [
  {
    attack: 1,
    what: 'the tenant in the answer is not looked at',
    file: authorization,
    from: "return { confirm: await attempts.create({ ...lasting, leg: 'confirm' }, connection) };",
    to: `{
      const claimed = new URL(browser.request.url).searchParams.get('tenant');
      const believed = await connections.change(connection.id, () => claimed === null ? undefined : { tenant: { tenantId: claimed } });
      return { confirm: await attempts.create({ ...lasting, leg: 'confirm' }, believed) };
    }`,
  },
  {
    attack: 1,
    what: 'the service is asked what was granted, whatever the answer says',
    file: authorization,
    from: 'const grant = await provider.verify(connection.tenant, options);',
    to: "const grant = { displayName: '', granted: provider.permissions.map(({ id }) => id), missing: [], unexpected: [] };",
  },
  {
    attack: 2,
    what: 'nothing runs before somebody authorised it',
    ...onlyActive,
    to: "if (connection.status !== 'disconnected') return connection;",
  },
  {
    attack: 2,
    what: 'a check is for those who have signed in',
    file: consent,
    from: "const isStranger = connection.status === 'registered' && connection.signedInAt === undefined;",
    to: 'const isStranger = false;',
  },
  {
    attack: 2,
    what: 'a consent counts after a sign-in only',
    ...consentLeg,
    to: "if (adminConsent?.toLowerCase() === 'true')",
  },
  {
    attack: 3,
    what: 'only two roles may grant',
    file: `${ENTRA}/roles.ts`,
    from: "'e8611ab8-c189-46e8-94e1-60213ab1f814', //",
    to: "'e8611ab8-c189-46e8-94e1-60213ab1f814', '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3', //",
  },
  {
    attack: 3,
    what: 'a sign-in without the role ends at once',
    file: authorization,
    from: 'if (person.mayGrant === false) throw notAdministrator();',
    to: '',
  },
  {
    attack: 3,
    what: 'the role is required before anything is confirmed',
    file: authorization,
    from: 'if (!mayGrant) throw notAdministrator();',
    to: '',
  },
  {
    attack: 3,
    what: 'a token that is silent about roles allows nothing',
    file: authorization,
    from: 'attempt.person.mayGrant ?? (await provider.authorization.mayGrant(attempt.person, options));',
    to: 'attempt.person.mayGrant ?? true;',
  },
  {
    attack: 3,
    what: 'guests are refused',
    file: idToken,
    from: 'if (claims.acct === 1) throw guestRefused();',
    to: 'if (claims.acct === 2) throw guestRefused();',
  },
  {
    attack: 3,
    what: 'a check binds nothing',
    file: consent,
    from: "return isBound ? { ...listed(grant), status: 'active' } : undefined;",
    to: "return { ...listed(grant), status: 'active' };",
  },
  {
    attack: 4,
    what: 'the browser that began must end it',
    ...lifeOfBrowser,
    to: 'if (stored.expiresAt <= clock.now()) throw attemptInvalid();',
  },
  {
    attack: 4,
    what: 'the person who began must end it',
    file: authorization,
    from: 'else if ((await askActor(browser.request, connection)) !== attempt.actor) throw attemptInvalid();',
    to: '',
  },
  {
    attack: 4,
    what: 'the host says who may begin',
    file: handler,
    from: 'const actor = connection && (await authorization.askActor(request, connection));',
    to: "const actor = connection && ((await authorization.askActor(request, connection)) ?? 'somebody');",
  },
  {
    attack: 4,
    what: 'a form of another site is refused',
    file: handler,
    from: "if (origin !== null && origin !== 'null' && origin !== baseUrl.origin)",
    to: "if (origin === 'null')",
  },
  {
    attack: 4,
    what: 'the last page names both sides',
    file: pages,
    from: `Connect \${grant.displayName || connection.tenant.domain || connection.tenant.tenantId} to \${connection.organizationName}?`,
    to: 'Connect?',
  },
  {
    attack: 4,
    what: 'the last page stays out of frames',
    file: pages,
    from: "; frame-ancestors 'none'; base-uri 'none'",
    to: "; base-uri 'none'",
  },
  {
    attack: 5,
    what: 'an answer uses its state up',
    file: authorization,
    from: 'await attempts.consume(state);',
    to: '',
  },
  {
    attack: 5,
    what: 'a confirmation uses its attempt up',
    file: authorization,
    from: 'await attempts.finish(secret);',
    to: '',
  },
  {
    attack: 5,
    what: 'of two at the same moment one is refused',
    file: attempt,
    from: 'if (!(await attempts.delete(sha256(secret)))) throw attemptInvalid();',
    to: 'await attempts.delete(sha256(secret));',
  },
  {
    attack: 5,
    what: 'attempts expire',
    ...lifeOfBrowser,
    to: 'if (!sameBrowser) throw attemptInvalid();',
  },
  {
    attack: 5,
    what: 'a state is too long to guess',
    file: attempt,
    from: "randomBytes(32).toString('base64url')",
    to: "randomBytes(8).toString('base64url')",
  },
  {
    attack: 5,
    what: 'a wrong guess looks like any other',
    file: attempt,
    from: 'if (!stored || cookie === undefined) throw attemptInvalid();',
    to: "if (!stored) throw new ConnectorError('attempt_invalid', 'There is no such sign-in.');",
  },
  {
    attack: 5,
    what: 'a tenant that was replaced cannot come back',
    replacements: [
      {
        file: bindings,
        from: 'if (await connections.delete(before, stored.version)) return;',
        to: 'return;',
      },
      { file: bindings, from: 'pointer?.value.connectionId !== connection.id || ', to: '' },
    ],
  },
  {
    attack: 5,
    what: 'an attempt does not outlive its registration',
    replacements: [
      endOfAttempts,
      {
        file: attempt,
        from: 'if (connection.registeredAt !== stored.registeredAt) throw attemptInvalid();',
        to: '',
      },
    ],
  },
  {
    attack: 5,
    what: 'nothing brings back what was ended',
    replacements: [
      endOfAttempts,
      {
        file: attempt,
        from: "if (!connection || connection.status === 'disconnected') throw attemptInvalid();",
        to: 'if (!connection) throw attemptInvalid();',
      },
      {
        file: consent,
        from: "current.status !== 'disconnected' && current.registeredAt === registeredAt;",
        to: 'true;',
      },
    ],
  },
  {
    attack: 6,
    what: 'a parameter comes once',
    ...oneValue,
    to: "if ((value ?? '').length <= LONGEST_VALUE) return value;",
  },
  {
    attack: 6,
    what: 'a value has an end',
    ...oneValue,
    to: 'if (values.length <= 1) return value;',
  },
  {
    attack: 6,
    what: 'a list is not a text',
    file: handler,
    from: 'const values = query.getAll(name);',
    to: `const values = [...query.getAll(name), ...query.getAll(\`\${name}[]\`)];`,
  },
  {
    attack: 6,
    what: 'an error comes before a consent',
    ...errorFirst,
    to: 'if (error !== undefined && adminConsent === undefined)',
  },
  {
    attack: 6,
    what: 'an error without a word is an error',
    ...errorFirst,
    to: 'if (error)',
  },
  {
    attack: 6,
    what: 'True and true are the same',
    ...consentLeg,
    to: "if (attempt.leg === 'consent' && adminConsent === 'true')",
  },
  {
    attack: 6,
    what: 'another word is no consent',
    ...consentLeg,
    to: "if (attempt.leg === 'consent' && adminConsent !== undefined)",
  },
  {
    attack: 6,
    what: 'nothing that came from outside is repeated',
    file: 'packages/office365/src/entra/callback-refusal.ts',
    from: "new ConnectorError('consent_refused', REFUSED, { serviceCode })",
    to: "new ConnectorError('consent_refused', String(description), { serviceCode })",
  },
  {
    attack: 7,
    what: 'the signature is verified',
    file: idToken,
    from: "import { jwtVerify } from 'jose';",
    to: `import { UnsecuredJWT } from 'jose';
const jwtVerify = async (token: string, _key: unknown, options: object) =>
  UnsecuredJWT.decode(\`eyJhbGciOiJub25lIn0.\${token.split('.')[1]}.\`, options);`,
  },
  {
    attack: 7,
    what: 'the issuer is the one of the tenant',
    file: idToken,
    from: 'issuer: keys.issuer,',
    to: '',
  },
  {
    attack: 7,
    what: 'the token is for this application',
    file: idToken,
    from: 'audience: clientId,',
    to: '',
  },
  { attack: 7, what: 'the token is for this attempt', ...nonce },
  {
    attack: 7,
    what: 'the person is of this tenant',
    file: idToken,
    from: "if (home !== tenantId) throw invalid('belongs to another tenant');",
    to: '',
  },
  {
    attack: 7,
    what: 'personal accounts are refused',
    file: idToken,
    from: 'if (home === personalAccounts)',
    to: "if (home === '')",
  },
  {
    attack: 7,
    what: 'tokens expire',
    file: idToken,
    from: 'clockTolerance: CLOCK_TOLERANCE,',
    to: 'clockTolerance: 1_000_000_000,',
  },
  {
    attack: 7,
    what: 'the token says how long it lives',
    file: idToken,
    from: "requiredClaims: ['exp', 'iat'],",
    to: '',
  },
  {
    attack: 7,
    what: 'the person has an id',
    file: idToken,
    from: "if (!isGuid(person)) throw invalid('names no person');",
    to: '',
  },
  {
    attack: 7,
    what: 'a key signs for its own issuer only',
    file: `${ENTRA}/key-ring.ts`,
    from: "if (key && (key.issuer === issuer || key.issuer.replace('{tenantid}', tenantId) === issuer))",
    to: 'if (key)',
  },
  {
    attack: 7,
    what: 'what the service describes is the tenant that was asked for',
    file: `${ENTRA}/tenant-metadata.ts`,
    from: '(isGuid(tenant) && tenant !== tenantId)',
    to: 'false',
  },
  {
    attack: 8,
    what: 'nothing is repaired into a name',
    file: tenantInput,
    from: "/^[\\p{L}\\p{M}\\p{N}.-]+$/u.test(typed) ? domainToASCII(typed) : ''",
    to: 'domainToASCII(typed)',
  },
  {
    attack: 8,
    what: 'each part is a label of a domain',
    file: tenantInput,
    from: '!labels.every((label) => LABEL.test(label))',
    to: "ascii === ''",
  },
  {
    attack: 8,
    what: 'reserved names are no tenants',
    file: tenantInput,
    from: "if (RESERVED.has(typed)) throw invalid('stands for no tenant of its own');",
    to: '',
  },
  {
    attack: 8,
    what: 'letters are made small',
    file: tenantInput,
    from: 'input.trim().toLowerCase()',
    to: 'input.trim()',
  },
  {
    attack: 8,
    what: 'the name is kept as the service reads it',
    file: 'packages/office365/src/office365.ts',
    from: 'return { tenantId, domain };',
    to: 'return { tenantId, domain: input };',
  },
  {
    attack: 9,
    what: 'the end is at the host',
    file: `${CORE}/authorization-begin.ts`,
    from: ' && url.origin === baseUrl.origin',
    to: '',
  },
  {
    attack: 9,
    what: 'the end is no blob',
    file: `${CORE}/authorization-begin.ts`,
    from: " && url.protocol !== 'blob:'",
    to: '',
  },
  {
    attack: 9,
    what: 'the end has no user name in it',
    file: `${CORE}/authorization-begin.ts`,
    from: " && url.username === '' && url.password === ''",
    to: '',
  },
  {
    attack: 9,
    what: 'the end is named once',
    file: handler,
    from: "returnTo: single(query, 'returnTo'),",
    to: "returnTo: query.get('returnTo') ?? undefined,",
  },
  {
    attack: 9,
    what: 'the end is as it was at the beginning',
    file: handler,
    from: 'redirect(303, returnTo);',
    to: "redirect(303, new URL(request.url).searchParams.get('returnTo') ?? returnTo);",
  },
  {
    attack: 10,
    what: 'a tenant is bound once',
    file: bindings,
    from: "if (owner && !isOurs && owner.status !== 'disconnected') {",
    to: "if (owner && !isOurs && owner.status === 'disconnected') {",
  },
  {
    attack: 10,
    what: 'whoever is first has it',
    file: bindings,
    from: 'await tenants.put(id, { connectionId: connection.id }, binding?.version ?? null);',
    to: 'await tenants.put(id, { connectionId: connection.id });',
  },
  {
    attack: 10,
    what: 'a refusal does not say who has it',
    file: bindings,
    from: "'This tenant is already connected to another organization. Disconnect it there first.',",
    to: `\`This tenant is already connected to \${owner.organizationName}. Disconnect it there first.\`,`,
  },
  {
    attack: 11,
    what: 'what the sign-in gave does not do as a consent',
    ...consentLeg,
    to: "if (adminConsent?.toLowerCase() === 'true')",
  },
  {
    attack: 11,
    what: 'a confirmation takes the attempt of that step',
    file: attempt,
    from: 'if (leg !== undefined && stored.leg !== leg) throw attemptInvalid();',
    to: '',
  },
  { attack: 11, what: 'a code comes with its proof', replacements: proofOfCode },
  {
    attack: 11,
    what: 'a code belongs to one sign-in, by proof and by nonce',
    replacements: [...proofOfCode, nonce],
  },
  {
    attack: 12,
    what: 'tokens are kept by tenant',
    replacements: [
      {
        file: `${ENTRA}/token-manager.ts`,
        from: 'tenants.get(tenantId) ?? { heldOrder: 0 }',
        to: "tenants.get('') ?? { heldOrder: 0 }",
      },
      {
        file: `${ENTRA}/token-manager.ts`,
        from: 'tenants.set(tenantId, state);',
        to: "tenants.set('', state);",
      },
    ],
  },
  {
    attack: 12,
    what: 'a token names its tenant',
    file: `${ENTRA}/token-request.ts`,
    from: ' || !belongsTo(issued.access_token, tenantId)',
    to: '',
  },
  {
    attack: 12,
    what: 'Graph is asked whose tenant it is',
    file: 'packages/office365/src/verification.ts',
    from: ' || organization?.id.toLowerCase() !== tenantId',
    to: '',
  },
  {
    attack: 12,
    what: 'what was ended gets no token',
    ...onlyActive,
    to: "if (connection.status !== 'registered') return connection;",
  },
];
