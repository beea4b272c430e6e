import type { Connection, DirectoryRun, MailStatus } from '@mailsphere/core';
import type { DirectoryTotals } from '../office365.ts';
import { capabilityWords } from './capability.ts';
import { heldRun } from './held-run.ts';
import { count, type Html, html, time } from './html.ts';
import { page } from './layout.ts';
import { progressOf } from './mail-progress.ts';
import { mailBadge } from './mail-state.ts';
import { statusBadge } from './status.ts';
import { beginPath, frame, isConnected, type Visit } from './visit.ts';

export interface Overview extends Visit {
  /** The name of a person of the host, by the id that the SDK recorded. */
  readonly nameOf: (personId: string) => string;
  readonly directory?: DirectoryTotals | undefined;
  /** Of User Sync, the newest first. */
  readonly runs?: readonly DirectoryRun[] | undefined;
  readonly mail?: MailStatus | undefined;
}

export function overviewPage(overview: Overview): string {
  const { connection } = overview;
  return page(
    frame(overview, 'Overview'),
    html`${connection?.status === 'reauthorization_required' && reauthorization(overview, connection)}
<p>Office 365: ${statusBadge(connection)}</p>
${connection ? facts(overview, connection) : html`<p>First record the organisation's Office 365 tenant.</p>`}
${nextStep(overview)}
${isConnected(connection) && options(overview, connection)}`,
  );
}

const reauthorization = (
  overview: Overview,
  connection: Connection,
) => html`<section class="notice bad" aria-labelledby="reauthorise">
<h2 id="reauthorise">An administrator must authorise again</h2>
<p>${connection.reauthorization?.message ?? 'The consent of the tenant is gone.'}</p>
<p>Code: <code>${connection.reauthorization?.code ?? 'unknown'}</code>${
  connection.reauthorization && html`, since ${time(connection.reauthorization.since)}`
}. Synchronisation rests; nothing is lost, and it goes on where it stopped.</p>
<p><a class="button" href="${beginPath(overview, connection)}">Re-authorise Office 365</a></p>
${checkNow(overview, 'If an administrator has allowed it again in Microsoft’s own pages, it is enough to ask.')}
</section>`;

function facts({ nameOf }: Overview, connection: Connection): Html {
  const { tenant, tenantName, authorized, disabled = [], refusedSince } = connection;
  return html`<dl>
<div><dt>Tenant</dt><dd>${tenantName !== undefined && html`${tenantName}<br>`}${tenant.domain !== undefined && tenant.domain !== tenant.tenantId && html`${tenant.domain}<br>`}<code>${tenant.tenantId}</code></dd></div>
${
  authorized &&
  connection.status !== 'disconnected' &&
  html`<div><dt>Authorised</dt><dd>${
    authorized.byLink
      ? html`by an administrator of the tenant, through a link that ${nameOf(authorized.actor)} sent`
      : html`by ${nameOf(authorized.actor)}`
  }<br>${time(authorized.at)}</dd></div>`
}
${refusedSince !== undefined && html`<div><dt>Under observation</dt><dd>Microsoft refused at ${time(refusedSince)}. It is asked again in a few minutes before anybody is troubled.</dd></div>`}
${disabled.map(({ reason, capability }) => html`<div><dt>${capabilityWords[capability]}</dt><dd>${reason}</dd></div>`)}
</dl>`;
}

function nextStep(overview: Overview): Html {
  const { connection, organization } = overview;
  const edit = `/organizations/${organization.id}/edit`;
  if (!connection) return html`<p><a class="button" href="${edit}">Record the tenant</a></p>`;
  if (connection.status === 'disconnected')
    return html`<p>The connection was ended. To connect again, save the tenant anew.</p>
<p><a class="button" href="${edit}">Record the tenant</a></p>`;
  if (connection.status !== 'registered') return html``;
  return html`<p><a class="button" href="${beginPath(overview, connection)}">Enable Office 365</a></p>
<p>An administrator of the tenant signs in at Microsoft and accepts <a href="/organizations/${organization.id}/permissions">these permissions</a>.
Is that somebody else? <a href="/organizations/${organization.id}/link">Send a link to an administrator</a>.</p>
${connection.signedInAt !== undefined && checkNow(overview, 'An administrator has signed in and not confirmed yet. If the approval was given in Microsoft’s own pages, ask now, and then enable Office 365 once more.')}`;
}

const checkNow = (
  { organization }: Visit,
  why: string,
) => html`<form class="inline" method="post" action="/organizations/${organization.id}/check">
<p>${why}</p>
<button class="secondary" type="submit">Check now</button>
</form>`;

function options(overview: Overview, connection: Connection): Html {
  const { organization, directory, runs = [], mail } = overview;
  const [lastRun] = runs;
  const base = `/organizations/${organization.id}`;
  return html`<h2>Options</h2>
<ul class="cards">
<li><h3><a href="${base}/user-sync">User Sync</a></h3>
<p>${lastRun ? html`Last run: ${time(lastRun.endedAt)}` : 'The first run has not ended yet.'}</p>
${heldRun(runs) && html`<p><strong class="status bad">Removals are held</strong></p>`}
${directory && html`<p>${count(directory.domain)} domains, ${count(directory.user)} users, ${count(directory.address)} addresses, ${count(directory.group)} groups</p>`}</li>
<li><h3><a href="${base}/mail">Mail Synchronisation</a></h3>
${
  mail &&
  html`<p>${mailBadge(mail)}</p>
${progressOf(mail)}`
}</li>
<li><h3><a href="${beginPath(overview, connection)}">Re-authorise Office 365</a></h3>
<p>After permissions were changed, or when consent was withdrawn. Nothing starts over.</p></li>
</ul>
<p><a href="${base}/link">Send a link to an administrator</a></p>
<p><a href="${base}/disconnect">Disconnect</a></p>`;
}
