import type { MailStatus, MessageFailure, RemovedMessage } from '@mailsphere/core';
import { count, html } from './html.ts';
import { page } from './layout.ts';
import { mailForms, type ReasonForm, retryForm } from './mail-forms.ts';
import { failureList, mailboxList, removedList } from './mail-lists.ts';
import { progressOf } from './mail-progress.ts';
import { speedOf, stateOf } from './mail-state.ts';
import { frame, mailPath, type Visit } from './visit.ts';

export function mailPage(
  visit: Visit,
  given: {
    readonly mail: MailStatus;
    readonly failures: readonly MessageFailure[];
    readonly removed: { readonly count: number; readonly newest: readonly RemovedMessage[] };
    /** A pause that was refused. */
    readonly form?: ReasonForm | undefined;
  },
): string {
  const { mail, failures, removed, form } = given;
  return page(
    frame({ ...visit, path: mailPath(visit) }, 'Mail Synchronisation'),
    html`<p>The mail that is in the mailboxes is brought into the archive in the background, and what is new once a day.</p>
${stateOf(mail)}
${mail.state !== 'disabled' && progressOf(mail)}
${speedOf(mail)}
<p><a href="${mailPath(visit)}">Look again</a></p>
${mailForms(visit, mail, form)}
<h2>Messages</h2>
<ul>
<li>Archived: ${count(mail.archived)}</li>
<li>Gone before they could be fetched: ${count(mail.gone)}</li>
<li>Could not be fetched so far: ${count(mail.failed)}</li>
<li>Removed at the source: ${count(removed.count)}</li>
</ul>
${failures.length > 0 && failureList(failures, mail, retryForm(visit))}
${mail.mailboxes.length > 0 && mailboxList(mail)}
${removed.count > 0 && removedList(removed, mail)}`,
  );
}
