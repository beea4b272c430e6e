import type { Connection } from '@mailsphere/core';
import { type Html, html } from './html.ts';

/** A connection's status in the words of the people who look at it. */
function statusOf(connection: Connection | undefined): {
  readonly words: string;
  /** How it looks; the words say it all without. */
  readonly tone: 'good' | 'bad' | 'neutral';
} {
  switch (connection?.status) {
    case undefined:
      return { words: 'No tenant recorded', tone: 'neutral' };
    case 'registered':
      return connection.signedInAt === undefined
        ? { words: 'Not authorised yet', tone: 'neutral' }
        : { words: 'Waiting for approval', tone: 'neutral' };
    case 'active':
      return { words: 'Connected', tone: 'good' };
    case 'reauthorization_required':
      return { words: 'Re-authorisation required', tone: 'bad' };
    case 'disconnected':
      return { words: 'Disconnected', tone: 'neutral' };
  }
}

export function statusBadge(connection: Connection | undefined): Html {
  const { words, tone } = statusOf(connection);
  return html`<strong class="status ${tone}">${words}</strong>`;
}
