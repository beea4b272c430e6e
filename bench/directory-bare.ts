import { request } from 'undici';
import { serve, type Usage, usage } from './directory-process.ts';

interface Page {
  readonly value: readonly unknown[];
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
}

/** What it took to read some collections. */
export interface BareReading extends Usage {
  readonly seconds: number;
  /** Of each collection. */
  readonly phases: readonly number[];
  readonly requests: number;
  readonly resourceUnits: number;
  /** Where the next reading begins. */
  readonly links: readonly string[];
}

interface Task {
  readonly links: readonly string[];
  readonly token: string;
}

/** Fetches and parses each page of some collections, and does nothing with them. */
async function read({ links, token }: Task): Promise<BareReading> {
  const headers = { authorization: `Bearer ${token}` };
  const used = usage();
  const start = performance.now();
  const phases: number[] = [];
  const next: string[] = [];
  let requests = 0;
  let resourceUnits = 0;
  for (const link of links) {
    const began = performance.now();
    let at: string | undefined = link;
    let last = link;
    while (at !== undefined) {
      const answer = await request(at, { headers });
      if (answer.statusCode !== 200) throw new Error(`The simulator answered with ${answer.statusCode}.`);
      requests++;
      resourceUnits += Number(answer.headers['x-ms-resource-unit'] ?? 0);
      const page: Page = JSON.parse(await answer.body.text());
      last = page['@odata.deltaLink'] ?? last;
      at = page['@odata.nextLink'];
    }
    next.push(last);
    phases.push((performance.now() - began) / 1000);
  }
  const seconds = (performance.now() - start) / 1000;
  return { seconds, phases, requests, resourceUnits, ...(await used()), links: next };
}

serve({ read });
