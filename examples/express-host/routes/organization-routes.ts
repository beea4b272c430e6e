import { ConnectorError } from '@mailsphere/core';
import { Router } from 'express';
import type { Office365 } from '../office365.ts';
import type { Organizations } from '../organizations.ts';
import { type EditForm, editPage } from '../pages/edit-page.ts';
import { organizationsPage } from '../pages/organizations-page.ts';
import { overviewPage } from '../pages/overview-page.ts';
import { permissionsPage } from '../pages/permissions-page.ts';
import { isConnected } from '../pages/visit.ts';
import type { People } from '../people.ts';
import { field, redirect } from './answers.ts';
import { personOf, visitOf } from './visitor.ts';

/** The list of a partner, and the pages of an organization that it has with or without a connection. */
export function organizationRoutes(host: {
  readonly office365: Office365;
  readonly organizations: Organizations;
  readonly people: People;
}): Router {
  const { office365, organizations, people } = host;
  const { connector, provider, directory } = office365;
  const router = Router();

  router.get('/', (_request, response) => {
    const { organizationId } = personOf(response);
    redirect(response, organizationId === undefined ? '/organizations' : `/organizations/${organizationId}`);
  });

  router.get('/organizations', async (_request, response, next) => {
    const person = personOf(response);
    if (person.partnerId === undefined) return next();
    const connections = await office365.connectionsOf(person.partnerId);
    const rows = organizations
      .ofPartner(person.partnerId)
      .map((organization) => ({ organization, connection: connections.get(organization.id) }));
    response.send(organizationsPage({ person, rows }));
  });

  router.get('/organizations/:organizationId', async (_request, response) => {
    const visit = visitOf(response);
    const { connection } = visit;
    const nameOf = (id: string) => people.get(id)?.name ?? 'somebody who has left';
    if (!isConnected(connection)) return void response.send(overviewPage({ ...visit, nameOf }));
    const [counts, runs, mail] = await Promise.all([
      directory.counts(connection.id),
      connector.directory.runs(connection.id),
      connector.mail.status(connection.id),
    ]);
    response.send(overviewPage({ ...visit, nameOf, directory: counts, runs, mail }));
  });

  router.get('/organizations/:organizationId/edit', (_request, response) => {
    const visit = visitOf(response);
    const tenant = visit.connection?.tenant;
    const form = { name: visit.organization.name, tenant: tenant?.domain ?? tenant?.tenantId ?? '' };
    response.send(editPage(visit, form));
  });

  router.post('/organizations/:organizationId/edit', async (request, response) => {
    const visit = visitOf(response);
    const { organization, connection } = visit;
    const form = { name: field(request, 'name'), tenant: field(request, 'tenant') };
    const refuse = (problems: EditForm['problems']) =>
      response.status(422).send(editPage(visit, { ...form, problems }));

    if (form.name === '' || form.name.length > 200)
      return void refuse({ name: 'give it a name of at most 200 characters.' });
    if (form.tenant === '' && isConnected(connection))
      return void refuse({ tenant: 'the organisation is connected. Disconnect it to take the tenant away.' });
    if (form.tenant !== '') {
      try {
        await connector.connections.register({
          organizationId: organization.id,
          organizationName: form.name,
          partnerId: organization.partnerId,
          tenant: form.tenant,
        });
      } catch (error) {
        if (!ConnectorError.is(error)) throw error;
        // At its field, the message need not name the field.
        const message = error.message.replace(/^\w+: /, '');
        if (error.field === 'organizationName') return void refuse({ name: message });
        const isAboutTenant = ConnectorError.is(error, 'invalid_request', 'tenant_not_found', 'refused');
        return void refuse(isAboutTenant ? { tenant: message } : { form: message });
      }
    }
    organizations.rename(organization.id, form.name);
    redirect(response, `/organizations/${organization.id}/edit?said=saved`);
  });

  router.get('/organizations/:organizationId/permissions', async (_request, response) => {
    const visit = visitOf(response);
    const held = visit.connection && (await connector.connections.permissions(visit.connection.id));
    response.send(permissionsPage(visit, provider.permissions, held));
  });
  return router;
}
