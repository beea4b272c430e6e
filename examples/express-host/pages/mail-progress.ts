import type { MailStatus } from '@mailsphere/core';
import { count, type Html, html } from './html.ts';
import { isAtRest } from './mail-state.ts';

/** How far the mail is, in one bar and one sentence. */
export function progressOf(mail: MailStatus): Html {
  if (mail.state === 'disabled') return html`<p>${mail.reason}</p>`;
  if (mail.mailboxes.length === 0) return html`<p>The mailboxes have not been listed yet.</p>`;
  const finished = (mail.states.completed ?? 0) + (mail.states.completed_with_failures ?? 0);
  const done = mail.archived + mail.alreadyStored + mail.gone + mail.failed;
  // The service counts other items than messages, too, so only the end tells how many there were.
  const share = isAtRest(mail)
    ? 100
    : Math.min(99, Math.floor((100 * done) / Math.max(1, done + mail.remaining)));
  return html`<p><progress max="100" value="${share}" aria-label="Mail Synchronisation">${share} %</progress> ${share} %</p>
<p>${count(mail.archived)} messages (${size(mail.bytes)}) archived, ${count(finished)} of ${count(mail.mailboxes.length)} mailboxes up to date${
    mail.failed > 0 && html`, <strong>${count(mail.failed)} could not be fetched so far</strong>`
  }</p>`;
}

const size = (bytes: number) =>
  bytes < 1e6
    ? `${Math.ceil(bytes / 1e3)} kB`
    : bytes < 1e9
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${(bytes / 1e9).toFixed(1)} GB`;
