import type { ConnectionPermissions, Permission } from '@mailsphere/core';
import { capabilityWords } from './capability.ts';
import { type Html, html, time } from './html.ts';
import { page } from './layout.ts';
import { frame, isConnected, type Visit } from './visit.ts';

/** Before the connection: what will be asked for. Afterwards: what was granted. */
export function permissionsPage(
  visit: Visit,
  asked: readonly Permission[],
  held: ConnectionPermissions | undefined,
): string {
  return page(
    frame(visit, 'Permissions'),
    held && isConnected(visit.connection)
      ? outcome(visit, held)
      : html`<p>This is what the administrator of the tenant will be asked for. Everything is read only.</p>
${list(asked)}`,
  );
}

function outcome({ organization }: Visit, held: ConnectionPermissions): Html {
  const { granted, missing, unexpected, partial, checkedAt } = held;
  return html`${checkedAt !== undefined && html`<p>As Microsoft said at ${time(checkedAt)}.</p>`}
<form class="inline" method="post" action="/organizations/${organization.id}/check"><button class="secondary" type="submit">Check now</button></form>
<h2>Granted</h2>
${granted.length > 0 ? list(granted, partial) : html`<p>Nothing.</p>`}
<h2>Missing</h2>
${missing.length > 0 ? list(missing) : html`<p>Nothing: all that is asked for is granted.</p>`}
${
  unexpected.length > 0 &&
  html`<h2>Granted, though not asked for</h2>
<p>The connector does not use these. Whoever keeps the app registration should take them out.</p>
<ul>${unexpected.map((id) => html`<li><code>${id}</code></li>`)}</ul>`
}`;
}

const list = (
  permissions: readonly Permission[],
  partial: readonly string[] = [],
) => html`<ul class="permissions">
${permissions.map(
  ({ id, title, reason, capability, required }) => html`<li><strong>${title}</strong> <code>${id}</code>
<p>${reason}</p>
<p class="hint">For: ${capabilityWords[capability]}. ${required ? 'Required' : 'Optional'}.${partial.includes(id) && ' Granted for a part of the mailboxes only.'}</p></li>`,
)}
</ul>`;
