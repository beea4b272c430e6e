import type { DirectoryPreview, DirectoryRun } from '@mailsphere/core';
import type { DirectoryTotals } from '../office365.ts';
import { heldOf, kindList, kinds } from './held-run.ts';
import { count, type Html, html, time } from './html.ts';
import { page } from './layout.ts';
import { frame, userSyncPath, type Visit } from './visit.ts';

interface Asked {
  /** The run that held removals. */
  readonly run: DirectoryRun;
  /** What a sync would do now. */
  readonly preview: DirectoryPreview;
  readonly counts: DirectoryTotals;
}

/** Before removals are let through: what they are, as Microsoft tells it now. */
export const removalsPage = (visit: Visit, asked: Asked | undefined): string =>
  page(
    frame(visit, 'Removals that are held'),
    html`${asked ? decision(visit, asked) : html`<p>Nothing is held.</p>`}
<p><a href="${userSyncPath(visit)}">Back to User Sync</a></p>`,
  );

function decision(visit: Visit, { run, preview, counts }: Asked): Html {
  const held = heldOf(preview);
  return html`<p>The run that ended at ${time(run.endedAt)} held ${heldOf(run).join(', ')}. Microsoft was asked again just now; nothing was changed.</p>
<table class="stacked">
<thead><tr><th scope="col">Kind</th><th scope="col">Would be removed</th><th scope="col">Here now</th><th scope="col">New or changed</th></tr></thead>
<tbody>
${kindList.map(
  (kind) =>
    html`<tr><th scope="row">${kinds[kind]}</th><td data-label="Would be removed">${count(preview.counts[kind].removed)}</td><td data-label="Here now">${count(counts[kind])}</td><td data-label="New or changed">${count(preview.counts[kind].upserted)}</td></tr>`,
)}
</tbody>
</table>
${held.length > 0 ? removeForm(visit, run, held) : html`<p>That is few enough to be believed. The next sync applies it without being told to.</p>`}`;
}

const removeForm = (
  visit: Visit,
  run: DirectoryRun,
  held: readonly string[],
) => html`<form class="inline" method="post" action="${userSyncPath(visit)}/removals">
<input type="hidden" name="seen" value="${run.endedAt}">
<p>Is it true that ${held.join(', ')} are gone? Then let the removals through: these, and what else is gone by the time it is done. Mail that is archived stays.
If it is a mistake, mend it in the tenant: what comes back is held no longer.</p>
<button class="danger" type="submit">Remove them</button>
</form>`;
