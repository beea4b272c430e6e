import { html } from './html.ts';
import { page } from './layout.ts';
import { type ReasonForm, reasonField } from './mail-forms.ts';
import { frame, mailPath, type Visit } from './visit.ts';

/** Asks once more: a pause is forgotten sooner. */
export const cancelPage = (visit: Visit, form?: ReasonForm): string =>
  page(
    frame(visit, 'Cancel mail synchronisation?'),
    html`<p>It stops at once, and what was begun is forgotten. What is archived stays. Resuming lists the mailboxes anew, and downloads nothing twice.</p>
<p>To stop for a while, a pause is enough: it goes on where it was.</p>
<form class="fields" method="post" action="${mailPath(visit)}/cancel">
${reasonField('Reason (optional)', form)}
<p><button class="danger" type="submit">Cancel mail synchronisation</button> <a href="${mailPath(visit)}">Go back</a></p>
</form>`,
  );
