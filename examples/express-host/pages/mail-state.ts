import type { MailState, MailStatus } from '@mailsphere/core';
import { count, type Html, html, percent, time } from './html.ts';

/** A state in the words of the people who look at it, and what it means where the status gives no reason. */
const states: Readonly<
  Record<
    MailState,
    { readonly words: string; readonly meaning: string; readonly tone: 'good' | 'bad' | 'neutral' }
  >
> = {
  running: { words: 'Running', meaning: 'Mail is being brought now.', tone: 'good' },
  scheduled: {
    words: 'Waiting its turn',
    meaning: 'There is work to do, and none of it runs at this moment.',
    tone: 'neutral',
  },
  throttled: {
    words: 'Waiting, as Microsoft asked',
    meaning: 'It goes on by itself.',
    tone: 'neutral',
  },
  waiting_for_quiet_hours: {
    words: 'Waiting for quiet hours',
    meaning: 'It goes on by itself when the people of the tenant are not at work.',
    tone: 'neutral',
  },
  paused: { words: 'Paused', meaning: 'It stands still until somebody resumes it.', tone: 'bad' },
  cancelled: {
    words: 'Cancelled',
    meaning: 'It stands still, and what was begun is forgotten. What is archived stays.',
    tone: 'bad',
  },
  completed: {
    words: 'Up to date',
    meaning: 'Everything that Microsoft listed is archived. What is new is brought once a day.',
    tone: 'good',
  },
  completed_with_failures: {
    words: 'Up to date, with failures',
    meaning:
      'Everything that Microsoft listed is archived, but for the failures. What is new is brought once a day.',
    tone: 'neutral',
  },
  disabled: { words: 'Off', meaning: 'It is not possible now.', tone: 'bad' },
};

export const isHalted = ({ state }: MailStatus): boolean => state === 'paused' || state === 'cancelled';
export const isAtRest = ({ state }: MailStatus): boolean =>
  state === 'completed' || state === 'completed_with_failures';

export function mailBadge({ state }: MailStatus): Html {
  const { words, tone } = states[state];
  return html`<strong class="status ${tone}">${words}</strong>`;
}

/** The state with its reason. */
export const stateOf = (mail: MailStatus): Html => html`<p>State: ${mailBadge(mail)}</p>
${
  isHalted(mail)
    ? html`<p>${states[mail.state].meaning}</p>
${mail.reason !== undefined && html`<p>Reason: ${mail.reason}</p>`}`
    : html`<p>${mail.reason ?? states[mail.state].meaning}</p>`
}`;

/** How much is left, how fast it goes, and when it will be done, as far as that is known. */
export function speedOf(mail: MailStatus): Html {
  const { state, reason, remaining, rate, quotaShare, pace, estimatedEndAt } = mail;
  if (state === 'disabled' || isAtRest(mail) || mail.mailboxes.length === 0) return html``;
  const left = html`<div><dt>Messages left</dt><dd>about ${count(remaining)}, by Microsoft’s own counts</dd></div>`;
  if (isHalted(mail)) return html`<dl>${left}</dl>`;
  return html`<dl>
${left}
<div><dt>Speed now</dt><dd>${rate > 0 ? html`${speed(rate)} messages a second` : 'nothing is at work'}</dd></div>
${quotaShare !== undefined && html`<div><dt>Share of the quota</dt><dd>${percent(quotaShare)} of what Microsoft allows for the mailboxes at work</dd></div>`}
<div><dt>Pace</dt><dd>${percent(pace.share)} of full speed${reason !== pace.reason && html`. ${pace.reason}`}</dd></div>
<div><dt>Done</dt><dd>${estimatedEndAt === undefined ? 'not known while nothing is at work' : html`at about ${time(estimatedEndAt)}`}</dd></div>
</dl>`;
}

const speed = (rate: number) => (rate < 0.1 ? 'less than 0.1' : rate.toFixed(1));
