import { html } from './html.ts';
import { page } from './layout.ts';
import { beginPath, frame, isConnected, type Visit } from './visit.ts';

/** What was typed, and what is wrong with it, by field; `form` is about the whole. */
export interface EditForm {
  readonly name: string;
  readonly tenant: string;
  readonly problems?: Readonly<Partial<Record<'name' | 'tenant' | 'form', string>>> | undefined;
}

export function editPage(visit: Visit, { name, tenant, problems = {} }: EditForm): string {
  const { organization, connection } = visit;
  const problem = (field: 'name' | 'tenant') =>
    problems[field] !== undefined &&
    html`<span class="problem" id="${field}-problem">Error: ${problems[field]}</span>`;
  const described = (field: 'name' | 'tenant', hint = '') => {
    const ids = [hint, problems[field] === undefined ? '' : `${field}-problem`].filter((id) => id !== '');
    return html`${ids.length > 0 && html` aria-describedby="${ids.join(' ')}"`}${problems[field] !== undefined && html` aria-invalid="true"`}`;
  };
  return page(
    frame(visit, 'Edit organisation'),
    html`<form class="fields" method="post" action="/organizations/${organization.id}/edit">
${problems.form !== undefined && html`<p class="problem" role="alert">${problems.form}</p>`}
<p><label for="name">Name</label>
${problem('name')}
<input id="name" name="name" required maxlength="200" autocomplete="off" value="${name}"${described('name')}></p>
<p><label for="tenant">Office 365 Tenant ID</label>
<span class="hint" id="tenant-hint">A name (contoso), a domain (contoso.onmicrosoft.com, contoso.com) or the id.</span>
${problem('tenant')}
<input id="tenant" name="tenant" maxlength="253" autocomplete="off" autocapitalize="none" spellcheck="false" value="${tenant}"${described('tenant', 'tenant-hint')}></p>
<p><button type="submit">Save</button></p>
</form>
${
  connection?.status === 'registered' &&
  html`<h2>Office 365</h2>
<p>The tenant is recorded: <code>${connection.tenant.tenantId}</code></p>
<p><a class="button" href="${beginPath(visit, connection)}">Enable Office 365</a></p>
<p>You will sign in at Microsoft as an administrator of the tenant. Is that somebody else? <a href="/organizations/${organization.id}/link">Send a link to an administrator</a>.</p>`
}
${isConnected(connection) && html`<p>The organisation is connected. For another tenant, <a href="/organizations/${organization.id}/disconnect">disconnect</a> this one first.</p>`}`,
  );
}
