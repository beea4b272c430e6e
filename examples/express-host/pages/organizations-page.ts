import type { Connection } from '@mailsphere/core';
import type { Organization } from '../organizations.ts';
import type { Person } from '../people.ts';
import { html } from './html.ts';
import { page } from './layout.ts';
import { statusBadge } from './status.ts';

/** What a partner sees: its own organizations, and nobody else's. */
export const organizationsPage = (given: {
  readonly person: Person;
  readonly rows: readonly {
    readonly organization: Organization;
    readonly connection: Connection | undefined;
  }[];
}): string =>
  page(
    { title: 'Organisations', person: given.person },
    given.rows.length === 0
      ? html`<p>There are no organisations yet.</p>`
      : html`<table class="stacked">
<thead><tr><th scope="col">Organisation</th><th scope="col">Office 365</th><th scope="col">Tenant</th></tr></thead>
<tbody>
${given.rows.map(
  ({ organization, connection }) => html`<tr>
<th scope="row"><a href="/organizations/${organization.id}">${organization.name}</a></th>
<td data-label="Office 365">${statusBadge(connection)}</td>
<td data-label="Tenant">${connection?.tenantName ?? connection?.tenant.domain ?? connection?.tenant.tenantId ?? '–'}</td>
</tr>`,
)}
</tbody>
</table>`,
  );
