import type { MailStatus } from '@mailsphere/core';
import { type Html, html } from './html.ts';
import { isHalted } from './mail-state.ts';
import { mailPath, type Visit } from './visit.ts';

/** What was typed, and what is wrong with it. */
export interface ReasonForm {
  readonly reason: string;
  readonly problem: string;
}

/** What can be done with the mail in its present state. */
export function mailForms(visit: Visit, mail: MailStatus, form: ReasonForm | undefined): Html {
  const path = mailPath(visit);
  if (mail.state === 'disabled') return html``;
  const cancel = html`<p><a href="${path}/cancel">Cancel mail synchronisation</a></p>`;
  if (isHalted(mail))
    return html`<form class="inline" method="post" action="${path}/resume"><button type="submit">Resume</button></form>
${mail.state === 'paused' && cancel}`;
  return html`<form class="fields" method="post" action="${path}/pause">
${reasonField('Reason for a pause (optional)', form)}
<p><button class="secondary" type="submit">Pause</button></p>
</form>
${cancel}`;
}

export const reasonField = (
  label: string,
  form: ReasonForm | undefined,
): Html => html`<p><label for="reason">${label}</label>
<span class="hint" id="reason-hint">Shown here to everybody who looks after the organisation.</span>
${form && html`<span class="problem" id="reason-problem">Error: ${form.problem}</span>`}
<input id="reason" name="reason" maxlength="500" autocomplete="off" value="${form?.reason ?? ''}" aria-describedby="reason-hint${form && ' reason-problem'}"${form && html` aria-invalid="true"`}></p>`;

export const retryForm = (visit: Visit): Html =>
  html`<form class="inline" method="post" action="${mailPath(visit)}/retry"><button class="secondary" type="submit">Try the failures again</button></form>`;
