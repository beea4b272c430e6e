import type { DirectoryRun } from '@mailsphere/core';
import { count, type Html, html, time } from './html.ts';
import { page } from './layout.ts';
import { frame, type Visit } from './visit.ts';

const kinds = { domain: 'Domains', user: 'Users', group: 'Groups' } as const;

export const userSyncPage = (
  visit: Visit,
  given: {
    readonly lastRun: DirectoryRun | undefined;
    readonly counts: Readonly<Record<'domain' | 'user' | 'group' | 'address', number>>;
    readonly isRunning: boolean;
  },
): string =>
  page(
    frame(visit, 'User Sync'),
    html`<p>Domains, users, e-mail addresses and distribution groups are kept in step once a day, and now if you ask for it.</p>
${syncNow(visit, given.isRunning)}
<h2>What is here</h2>
<ul>
<li>${count(given.counts.domain)} domains</li>
<li>${count(given.counts.user)} users</li>
<li>${count(given.counts.address)} e-mail addresses</li>
<li>${count(given.counts.group)} groups</li>
</ul>
<h2>Last run</h2>
${given.lastRun ? run(given.lastRun) : html`<p>There was none that came to its end yet.</p>`}`,
  );

function syncNow({ organization, connection, path }: Visit, isRunning: boolean): Html {
  const off = connection?.disabled?.find(({ capability }) => capability === 'directory');
  if (off) return html`<p>${off.reason}</p>`;
  if (connection?.status !== 'active') return html`<p>It rests until the tenant is authorised again.</p>`;
  if (isRunning) return html`<p role="status">A sync is running. <a href="${path}">Look again</a></p>`;
  return html`<form class="inline" method="post" action="/organizations/${organization.id}/user-sync"><button type="submit">Sync now</button></form>`;
}

const run = ({
  startedAt,
  endedAt,
  counts,
}: DirectoryRun) => html`<p>From ${time(startedAt)} to ${time(endedAt)}</p>
<table class="stacked">
<thead><tr><th scope="col">Kind</th><th scope="col">New or changed</th><th scope="col">Removed</th></tr></thead>
<tbody>
${(['domain', 'user', 'group'] as const).map(
  (kind) =>
    html`<tr><th scope="row">${kinds[kind]}</th><td data-label="New or changed">${count(counts[kind].upserted)}</td><td data-label="Removed">${count(counts[kind].removed)}</td></tr>`,
)}
</tbody>
</table>`;
