import { html } from './html.ts';
import { page } from './layout.ts';

export const signInPage = (given: {
  readonly email?: string | undefined;
  /** Where to go afterwards. */
  readonly next: string;
  readonly problem?: string | undefined;
}): string =>
  page(
    { title: 'Sign in' },
    html`<form class="fields" method="post" action="/sign-in">
${given.problem !== undefined && html`<p class="problem" role="alert">${given.problem}</p>`}
<input type="hidden" name="next" value="${given.next}">
<p><label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value="${given.email ?? ''}"></p>
<p><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200"></p>
<p><button type="submit">Sign in</button></p>
</form>`,
  );
