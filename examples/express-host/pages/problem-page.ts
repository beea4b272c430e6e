import type { Person } from '../people.ts';
import { html } from './html.ts';
import { page } from './layout.ts';

/** What went wrong: our own sentence and code, and nothing that came from outside. */
export const problemPage = (given: {
  readonly title: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly person?: Person | undefined;
  /** A way on. */
  readonly back?: string | undefined;
}): string =>
  page(
    { title: given.title, person: given.person },
    html`<p role="alert">${given.message}</p>
${given.code !== undefined && html`<p>Code: <code>${given.code}</code></p>`}
<p><a href="${given.back ?? '/'}">Go back</a></p>`,
  );
