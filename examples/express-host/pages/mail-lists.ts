import type {
  MailboxState,
  MailboxStatus,
  MailStatus,
  MessageFailure,
  RemovedMessage,
} from '@mailsphere/core';
import { count, type Html, html, time } from './html.ts';

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

export function mailboxList(mail: MailStatus): Html {
  const all = mail.mailboxes;
  const shown = [...all]
    .sort((one, other) => states.indexOf(one.state) - states.indexOf(other.state))
    .slice(0, SHOWN);
  return html`<h2>Mailboxes</h2>
<ul>
${states.filter((state) => mail.states[state]).map((state) => html`<li>${words[state]}: ${count(mail.states[state] ?? 0)}</li>`)}
</ul>
<table class="stacked">
<thead><tr><th scope="col">Mailbox</th><th scope="col">State</th><th scope="col">Archived</th><th scope="col">Failed</th></tr></thead>
<tbody>
${shown.map(
  (mailbox) =>
    html`<tr><th scope="row">${mailbox.address ?? mailbox.mailboxId}</th><td data-label="State">${words[mailbox.state]}</td><td data-label="Archived">${count(mailbox.archived)}</td><td data-label="Failed">${count(mailbox.failed)}</td></tr>`,
)}
</tbody>
</table>
${more(all.length)}`;
}

/** @param retry The form that tries them again. */
export function failureList(
  failures: readonly MessageFailure[],
  { mailboxes }: MailStatus,
  retry: Html,
): Html {
  const nameOf = namesOf(mailboxes);
  const shown = failures.slice(0, SHOWN);
  return html`<h2>Failures</h2>
<p>These messages hold up no others, and are tried again.</p>
${retry}
<table class="stacked">
<thead><tr><th scope="col">Mailbox</th><th scope="col">Received</th><th scope="col">Code</th><th scope="col">Tried</th><th scope="col">Next</th></tr></thead>
<tbody>
${shown.map(
  ({ mailboxId, receivedAt, code, attempts, nextAt }) =>
    html`<tr><th scope="row">${nameOf(mailboxId)}</th><td data-label="Received">${receivedAt === undefined ? 'unknown' : time(receivedAt)}</td><td data-label="Code"><code>${code}</code></td><td data-label="Tried">${count(attempts)}</td><td data-label="Next">${time(nextAt)}</td></tr>`,
)}
</tbody>
</table>
${failures.length > SHOWN && html`<p>And more.</p>`}`;
}

/** Of messages, ids alone: what they are about is nobody's business here. */
export function removedList(
  removed: { readonly count: number; readonly newest: readonly RemovedMessage[] },
  { mailboxes }: MailStatus,
): Html {
  const nameOf = namesOf(mailboxes);
  return html`<h2>Removed at the source</h2>
<p>Archived messages that are in none of the folders that are synchronised any more: ${count(removed.count)}. They were deleted or moved elsewhere, and stay in the archive.</p>
<table class="stacked">
<thead><tr><th scope="col">Mailbox</th><th scope="col">Noticed</th><th scope="col">Message</th></tr></thead>
<tbody>
${removed.newest.map(
  ({ mailboxId, messageId, removedAt }) =>
    html`<tr><th scope="row">${nameOf(mailboxId)}</th><td data-label="Noticed">${time(removedAt)}</td><td data-label="Message"><code>${messageId}</code></td></tr>`,
)}
</tbody>
</table>
${more(removed.count)}`;
}

const more = (all: number) => all > SHOWN && html`<p>And ${count(all - SHOWN)} more.</p>`;

function namesOf(mailboxes: readonly MailboxStatus[]): (mailboxId: string) => string {
  const addresses = new Map(mailboxes.map(({ mailboxId, address }) => [mailboxId, address]));
  return (mailboxId) => addresses.get(mailboxId) ?? mailboxId;
}
