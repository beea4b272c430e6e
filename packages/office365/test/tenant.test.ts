import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { connect, failure, login, tenantId, wire } from './wire.ts';

const { server, requests } = wire();
const discovery = `${login}/:name/v2.0/.well-known/openid-configuration`;

const known = (...names: string[]) =>
  server.use(
    http.get(discovery, ({ params }) =>
      names.includes(String(params.name))
        ? HttpResponse.json({ issuer: `${login}/${tenantId}/v2.0` })
        : HttpResponse.json({ error: 'invalid_tenant', error_codes: [90002] }, { status: 400 }),
    ),
  );

describe('a tenant is found by what an administrator types', () => {
  it.each([
    ['contoso', 'contoso.onmicrosoft.com'],
    [' Contoso.COM ', 'contoso.com'],
    ['contoso.onmicrosoft.com', 'contoso.onmicrosoft.com'],
    ['müller.example', 'xn--mller-kva.example'],
    [tenantId.toUpperCase(), tenantId],
  ])('%s', async (typed, domain) => {
    known(domain);
    expect(await connect().provider.resolveTenant(typed)).toEqual({ tenantId, domain });
  });

  it('one that does not exist is not found, at the first try', async () => {
    known();
    expect(await failure(connect().provider.resolveTenant('nobody.example'))).toMatchObject({
      code: 'tenant_not_found',
      serviceCode: 'AADSTS90002',
    });
    expect(requests).toHaveLength(1);
  });

  it('a service that is down is asked again, and does not mean that the tenant is unknown', async () => {
    server.use(http.get(discovery, () => new HttpResponse('busy', { status: 503 })));
    const { provider, clock } = connect();
    expect(await clock.run(failure(provider.resolveTenant('contoso.com')))).toMatchObject({
      code: 'unavailable',
    });
    expect(requests).toHaveLength(3);
  });

  it('whoever cannot wait is told at once that the service is down', async () => {
    server.use(http.get(discovery, () => new HttpResponse('busy', { status: 503 })));
    const { provider } = connect();
    expect(await failure(provider.resolveTenant('contoso.com', { maxWait: 100 }))).toMatchObject({
      code: 'unavailable',
    });
    expect(requests).toHaveLength(1);
  });

  it.each(['outlook.com', 'hotmail.com'])(
    '%s belongs to no organization, and that is said at once',
    async (typed) => {
      server.use(
        http.get(discovery, () =>
          HttpResponse.json({ issuer: `${login}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0` }),
        ),
      );
      const error = await failure(connect().provider.resolveTenant(typed));
      expect(error).toMatchObject({ code: 'invalid_request', field: 'tenant' });
      expect(error.message).toContain('a domain of the organization');
      expect(requests).toHaveLength(1);
    },
  );

  it('an id is not exchanged for another one', async () => {
    known('99999999-9999-4999-8999-999999999999');
    expect(
      await failure(connect().provider.resolveTenant('99999999-9999-4999-8999-999999999999')),
    ).toMatchObject({
      code: 'unexpected',
    });
  });
});

describe('what could change the address is refused before anything is sent', () => {
  it.each([
    '',
    'common',
    'Organizations',
    'consumers',
    '9188040d-6c67-4c5b-b112-36a304b66dad',
    '..',
    'contoso.com/../common',
    'contoso.com?x=1',
    'contoso.com#f',
    'contoso.com\\evil',
    'contoso.com.',
    '.contoso.com',
    'contoso..com',
    '-contoso.com',
    'contoso.com:443',
    'contoso com',
    'admin@contoso.com',
    'https://contoso.com',
    '%2e%2e.com',
    'contoso。com/x',
    `${'a'.repeat(64)}.com`,
    `${'a.'.repeat(130)}com`,
    'contoso.com\u0000',
    '{tenantid}.com',
  ])('%j', async (typed) => {
    expect(await failure(connect().provider.resolveTenant(typed))).toMatchObject({
      code: 'invalid_request',
      field: 'tenant',
    });
    expect(requests).toHaveLength(0);
  });

  it('a bare name is not guessed where the cloud does not say how', async () => {
    const error = await failure(connect({ cloud: 'china' }).provider.resolveTenant('contoso'));
    expect(error).toMatchObject({ code: 'invalid_request' });
    expect(error.message).not.toContain('such as contoso,');
  });

  it('and everything that would do is named', async () => {
    const { message } = await failure(connect().provider.resolveTenant('contoso com'));
    for (const form of ['contoso.com', 'a bare name such as contoso', "the tenant's id"])
      expect(message).toContain(form);
  });
});
