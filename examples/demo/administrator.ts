import { ConnectorError } from '@mailsphere/core';
import { authorizeAsAdministrator, type View } from '@mailsphere/simulator';

/**
 * Lets the tenant's administrator go through the real pages, and tells what happens.
 * @throws ConnectorError of the code that the last page shows, when the connection was not made
 */
export async function followAdministrator(
  link: string,
  { username, refuse }: { readonly username: string; readonly refuse: boolean },
  tell: (step: string) => void,
): Promise<void> {
  const last = await authorizeAsAdministrator(link, {
    username,
    decision: refuse ? 'cancel' : 'accept',
    onPage: (view) => tell(describe(view, username)),
  });
  if (last.status === 303) return;
  const code = /Code: <code>([a-z_]+)<\/code>/.exec(last.html)?.[1] ?? 'unexpected';
  const sentence = /<p role="alert">([^<]*)<\/p>/.exec(last.html)?.[1] ?? last.title;
  throw new ConnectorError(code as ConnectorError['code'], sentence);
}

function describe(view: View, username: string): string {
  if (view.html.includes('name="username"')) return `signs in as ${username}`;
  const permissions = [...new Set(view.html.match(/\b[A-Z]\w+(?:\.\w+)+\b/g) ?? [])];
  if (view.html.includes('>Accept</button>'))
    return `is shown ${permissions.length} permissions: ${permissions.join(', ')}`;
  return `is asked: ${view.title}`;
}
