import type { DirectoryRun } from '@mailsphere/core';
import type { DirectoryTotals } from '../office365.ts';
import { heldOf, heldRun } from './held-run.ts';
import { count, type Html, html } from './html.ts';
import { page } from './layout.ts';
import { lastRun, runTable } from './runs.ts';
import { frame, restOf, userSyncPath, type Visit } from './visit.ts';

export function userSyncPage(
  visit: Visit,
  given: {
    /** The newest first. */
    readonly runs: readonly DirectoryRun[];
    readonly counts: DirectoryTotals;
    readonly isRunning: boolean;
  },
): string {
  const { runs, counts, isRunning } = given;
  const [last] = runs;
  const held = heldRun(runs);
  return page(
    frame(visit, 'User Sync'),
    html`${held && heldNotice(visit, held)}
<p>Domains, users, e-mail addresses, contacts and distribution groups are kept in step once a day, and now if you ask for it.</p>
${syncNow(visit, isRunning)}
<h2>What is here</h2>
<ul>
<li>${count(counts.domain)} domains</li>
<li>${count(counts.user)} users</li>
<li>${count(counts.contact)} contacts</li>
<li>${count(counts.group)} groups</li>
<li>${count(counts.address)} e-mail addresses</li>
</ul>
<h2>Last run</h2>
${last ? lastRun(last) : html`<p>There was none that came to its end yet.</p>`}
${last && last.omissions.length > 0 && omissions(last)}
${runs.length > 1 && runTable(runs)}`,
  );
}

const heldNotice = (
  visit: Visit,
  run: DirectoryRun,
) => html`<section class="notice bad" aria-labelledby="held">
<h2 id="held">Removals are held</h2>
<p>According to Microsoft, these are gone. That so many go at once is not believed before somebody has looked, so they were not removed here:</p>
<ul>
${heldOf(run).map((words) => html`<li>${words}</li>`)}
</ul>
<p><a class="button" href="${userSyncPath(visit)}/removals">Look at the removals</a></p>
</section>`;

function syncNow(visit: Visit, isRunning: boolean): Html {
  const path = userSyncPath(visit);
  const rest = restOf(visit.connection, 'directory');
  if (rest !== undefined) return html`<p>${rest}</p>`;
  if (isRunning) return html`<p role="status">A sync is running. <a href="${path}">Look again</a></p>`;
  return html`<form class="inline" method="post" action="${path}"><button type="submit">Sync now</button></form>
<form class="inline" method="post" action="${path}/full">
<p>A sync reads what changed since the one before. Everything is read anew every 7 days, and if you do not want to wait, now.</p>
<button class="secondary" type="submit">Read everything anew</button>
</form>`;
}

const omissions = ({ omissions: all }: DirectoryRun) => html`<h2>What Microsoft does not show</h2>
<ul>
${all.map(({ message }) => html`<li>${message}</li>`)}
</ul>`;
