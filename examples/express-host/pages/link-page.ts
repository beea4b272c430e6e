import { html, time } from './html.ts';
import { page } from './layout.ts';
import { frame, type Visit } from './visit.ts';

/** Before: what the link is for. Afterwards: the link, shown this once. */
export const linkPage = (
  visit: Visit,
  invited?: { readonly link: string; readonly expiresAt: number },
): string =>
  page(
    frame(visit, 'Send a link to an administrator'),
    invited
      ? html`<p role="status">The link is ready. Send it to an administrator of the tenant, by mail or otherwise. It is shown this once.</p>
<p class="fields"><label for="link">Link</label>
<span class="hint" id="link-hint">Select it all and copy it. It is good for one use, until ${time(invited.expiresAt)}.</span>
<textarea id="link" rows="5" readonly aria-describedby="link-hint">${invited.link}</textarea></p>
<p><a href="/organizations/${visit.organization.id}">Back to the overview</a></p>`
      : html`<p>An administrator of the tenant need not be a user here. Whoever follows the link is shown for which organisation it is, signs in at Microsoft,
accepts the permissions and confirms. The overview then says that it was done through your link.</p>
<form class="inline" method="post" action="/organizations/${visit.organization.id}/link"><button type="submit">Create a link</button></form>`,
  );
