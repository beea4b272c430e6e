import type { BrowserContext } from 'playwright-core';

/** Notes what no page may do: load from elsewhere, break its own policy, miss a file, or throw. */
export function watchPages(context: BrowserContext): readonly string[] {
  const problems: string[] = [];
  context.on('console', (message) => {
    // A page that answers 404 on purpose is reported like a missing file; those are noted below.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text());
  });
  context.on('weberror', (error) => problems.push(error.error().message));
  context.on('request', (request) => {
    if (request.isNavigationRequest()) return;
    const from = new URL(request.frame().url()).origin;
    if (new URL(request.url()).origin !== from) problems.push(`${from} loads ${request.url()}`);
  });
  context.on('response', (response) => {
    if (!response.request().isNavigationRequest() && response.status() >= 400)
      problems.push(`${response.url()} answers ${response.status()}`);
  });
  return problems;
}
