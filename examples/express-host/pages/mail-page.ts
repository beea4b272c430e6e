import type { MailboxState, MailboxStatus, MailStatus, MessageFailure } from '@mailsphere/core';
import { count, type Html, html, time } from './html.ts';
import { page } from './layout.ts';
import { progressOf } from './mail-progress.ts';
import { frame, type Visit } from './visit.ts';

const words: Readonly<Record<MailboxState, string>> = {
  running: 'Running',
  scheduled: 'Waiting its turn',
  throttled: 'Waiting, as Microsoft asked',
  waiting_for_quiet_hours: 'Waiting for quiet hours',
  paused: 'Paused',
  cancelled: 'Cancelled',
  completed: 'Up to date',
  completed_with_failures: 'Up to date, with failures',
  no_mailbox: 'No mailbox',
  no_access: 'No access',
  removed: 'No longer listed',
};
const states = Object.keys(words) as MailboxState[];
/** Rows of a list; a page that is too long helps nobody. */
export const SHOWN = 50;

export const mailPage = (visit: Visit, mail: MailStatus, failures: readonly MessageFailure[]): string =>
  page(
    frame(visit, 'Mail Synchronisation'),
    html`<p>The mail that is in the mailboxes is brought into the archive in the background, and what is new once a day.</p>
${progressOf(mail)}
<p><a href="${visit.path}">Look again</a></p>
${
  mail.mailboxes.length > 0 &&
  html`<h2>Mailboxes</h2>
<ul>
${states.filter((state) => mail.states[state]).map((state) => html`<li>${words[state]}: ${count(mail.states[state] ?? 0)}</li>`)}
</ul>
${mailboxTable(mail.mailboxes)}`
}
<h2>Messages</h2>
<ul>
<li>Archived: ${count(mail.archived)}</li>
<li>Gone before they could be fetched: ${count(mail.gone)}</li>
<li>Could not be fetched so far: ${count(mail.failed)}</li>
</ul>
${failures.length > 0 && failureTable(failures, mail)}`,
  );

function mailboxTable(all: readonly MailboxStatus[]): Html {
  const shown = [...all]
    .sort((one, other) => states.indexOf(one.state) - states.indexOf(other.state))
    .slice(0, SHOWN);
  return html`<table class="stacked">
<thead><tr><th scope="col">Mailbox</th><th scope="col">State</th><th scope="col">Archived</th><th scope="col">Failed</th></tr></thead>
<tbody>
${shown.map(
  (mailbox) =>
    html`<tr><th scope="row">${mailbox.address ?? mailbox.mailboxId}</th><td data-label="State">${words[mailbox.state]}</td><td data-label="Archived">${count(mailbox.archived)}</td><td data-label="Failed">${count(mailbox.failed)}</td></tr>`,
)}
</tbody>
</table>
${all.length > SHOWN && html`<p>And ${count(all.length - SHOWN)} more.</p>`}`;
}

function failureTable(failures: readonly MessageFailure[], { mailboxes }: MailStatus): Html {
  const addresses = new Map(mailboxes.map(({ mailboxId, address }) => [mailboxId, address ?? mailboxId]));
  const shown = failures.slice(0, SHOWN);
  return html`<h2>Failures</h2>
<p>These messages hold up no others, and are tried again.</p>
<table class="stacked">
<thead><tr><th scope="col">Mailbox</th><th scope="col">Received</th><th scope="col">Code</th><th scope="col">Tried</th><th scope="col">Next</th></tr></thead>
<tbody>
${shown.map(
  ({ mailboxId, receivedAt, code, attempts, nextAt }) =>
    html`<tr><th scope="row">${addresses.get(mailboxId) ?? mailboxId}</th><td data-label="Received">${receivedAt === undefined ? 'unknown' : time(receivedAt)}</td><td data-label="Code"><code>${code}</code></td><td data-label="Tried">${count(attempts)}</td><td data-label="Next">${time(nextAt)}</td></tr>`,
)}
</tbody>
</table>
${failures.length > SHOWN && html`<p>And more.</p>`}`;
}
