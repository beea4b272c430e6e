import type { DirectoryRun } from '@mailsphere/core';
import { heldOf, kindList, kinds } from './held-run.ts';
import { count, type Html, html, time } from './html.ts';

const outcomes: Readonly<Record<DirectoryRun['outcome'], string>> = {
  completed: 'Completed',
  held: 'Completed, and removals held',
  failed: 'Broke off',
  stopped: 'Stopped',
};

/** What one run of User Sync did, kind by kind. */
export const lastRun = (
  run: DirectoryRun,
): Html => html`<p>From ${time(run.startedAt)} to ${time(run.endedAt)}</p>
<p>${outcomeOf(run)}${run.outcome === 'failed' && '. The next one goes on from there.'}</p>
<table class="stacked">
<thead><tr><th scope="col">Kind</th><th scope="col">New or changed</th><th scope="col">Removed</th></tr></thead>
<tbody>
${kindList.map(
  (kind) =>
    html`<tr><th scope="row">${kinds[kind]}</th><td data-label="New or changed">${count(run.counts[kind].upserted)}</td><td data-label="Removed">${count(run.counts[kind].removed)}</td></tr>`,
)}
</tbody>
</table>
<p>It took ${count(run.requests)} requests, which Microsoft counted as ${count(run.resourceUnits)} resource units.</p>`;

/** The runs that are remembered, a row for each. */
export const runTable = (runs: readonly DirectoryRun[]): Html => html`<h2>Last runs</h2>
<table class="stacked">
<thead><tr><th scope="col">Ended</th><th scope="col">Outcome</th><th scope="col">New or changed</th><th scope="col">Removed</th><th scope="col">Requests</th><th scope="col">Resource units</th></tr></thead>
<tbody>
${runs.map(
  (run) =>
    html`<tr><th scope="row">${time(run.endedAt)}</th><td data-label="Outcome">${outcomeOf(run)}</td><td data-label="New or changed">${count(sumOf(run, 'upserted'))}</td><td data-label="Removed">${count(sumOf(run, 'removed'))}</td><td data-label="Requests">${count(run.requests)}</td><td data-label="Resource units">${count(run.resourceUnits)}</td></tr>`,
)}
</tbody>
</table>`;

function outcomeOf(run: DirectoryRun): Html {
  const { outcome, error, full } = run;
  const held = heldOf(run);
  return html`${outcomes[outcome]}${held.length > 0 && `: ${held.join(', ')}`}${
    error &&
    html`: <code>${error.code}</code>${error.serviceCode !== undefined && html` (<code>${error.serviceCode}</code>)`}`
  }${full.length > 0 && `; read in full: ${full.map((kind) => kinds[kind].toLowerCase()).join(', ')}`}`;
}

const sumOf = ({ counts }: DirectoryRun, of: 'upserted' | 'removed'): number =>
  kindList.reduce((sum, kind) => sum + counts[kind][of], 0);
