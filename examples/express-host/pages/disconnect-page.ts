import { html } from './html.ts';
import { page } from './layout.ts';
import { frame, type Visit } from './visit.ts';

/** Asks once more, and what is to become of the progress. */
export const disconnectPage = (visit: Visit): string =>
  page(
    frame(visit, `Disconnect ${visit.organization.name}?`),
    html`<p>Synchronisation stops at once, and the tenant becomes free. Users, groups and mail that are here already stay.</p>
<form class="fields" method="post" action="/organizations/${visit.organization.id}/disconnect">
<fieldset><legend>How far synchronisation got</legend>
<p><label><input type="radio" name="progress" value="keep" checked> Keep: connecting the same tenant again goes on from there</label></p>
<p><label><input type="radio" name="progress" value="erase"> Erase: connecting again begins anew</label></p>
</fieldset>
<p><button class="danger" type="submit">Disconnect</button> <a href="/organizations/${visit.organization.id}">Cancel</a></p>
</form>`,
  );
