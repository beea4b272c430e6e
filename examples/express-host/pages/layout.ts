import type { Organization } from '../organizations.ts';
import type { Person } from '../people.ts';
import { type Html, html } from './html.ts';

/** What every page of an organization has around it. */
export interface Frame {
  readonly title: string;
  /** Who is signed in. */
  readonly person?: Person | undefined;
  readonly organization?: Organization | undefined;
  /** Whether the pages that only make sense with a connection are offered. */
  readonly isConnected?: boolean | undefined;
  /** The path of this page, to mark it in the navigation. */
  readonly path?: string | undefined;
  /** What the last action did: one sentence. */
  readonly said?: string | undefined;
}

export function page(frame: Frame, content: Html): string {
  const { title, person, organization, said } = frame;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${[title, organization?.name, 'Example host'].filter(Boolean).join(' · ')}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
<p class="brand"><a href="/">Example host</a></p>
${person && signedIn(person)}
</header>
${organization && navigation(frame, organization)}
<main id="content" tabindex="-1">
${said !== undefined && html`<p class="said" role="status">${said}</p>`}
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`.markup;
}

const signedIn = (person: Person) => html`<form class="signed-in" method="post" action="/sign-out">
<span>${person.name}</span>
<button class="plain" type="submit">Sign out</button>
</form>`;

function navigation({ path, person, isConnected }: Frame, { id, name }: Organization): Html {
  const base = `/organizations/${id}`;
  const link = (to: string, label: string) =>
    html`<li><a href="${to}"${to === path && html` aria-current="page"`}>${label}</a></li>`;
  return html`<nav class="sections" aria-label="${name}">
<p>${person?.partnerId !== undefined && html`<a href="/organizations">Organisations</a> › `}<strong>${name}</strong></p>
<ul>
${link(base, 'Overview')}
${link(`${base}/edit`, 'Edit organisation')}
${link(`${base}/permissions`, 'Permissions')}
${isConnected && link(`${base}/user-sync`, 'User Sync')}
${isConnected && link(`${base}/mail`, 'Mail Synchronisation')}
</ul>
</nav>`;
}
