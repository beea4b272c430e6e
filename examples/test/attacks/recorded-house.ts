import { inspect } from 'node:util';
import { type ConnectorEvents, type Logger, memoryStorage, type StorageAdapter } from '@mailsphere/core';
import { fetchTransport, type Transport } from '@mailsphere/office365';
import { createHouse, type House, type HouseOptions } from '../connect-house.ts';

const EVENTS: readonly (keyof ConnectorEvents)[] = [
  'connection.activated',
  'connection.reauthorization_required',
  'connection.permissions_changed',
  'connection.disconnected',
  'token.refreshed',
  'token.refresh_failed',
  'directory.synced',
  'task.failed',
];

/** All that could be seen of a thing by logging it: its properties, hidden ones, causes and stack, and as JSON. */
export const everythingOf = (thing: unknown): string =>
  [
    inspect(thing, { depth: null, showHidden: true, maxStringLength: null }),
    JSON.stringify(thing),
    String(thing),
  ].join('\n');

/** A house that keeps the secrets that pass through it, and all that the connector lets out in other ways. */
export async function createRecordedHouse(options: HouseOptions = {}) {
  const secrets = new Set<string>();
  const said: { readonly where: string; readonly text: string }[] = [];
  const say = (where: string, thing: unknown) => said.push({ where, text: everythingOf(thing) });

  const level = (name: string) => (fields: object, message: string) => say(`log ${name}`, [fields, message]);
  const logger: Logger = {
    debug: level('debug'),
    info: level('info'),
    warn: level('warn'),
    error: level('error'),
  };
  const memory = memoryStorage();
  const storage: StorageAdapter = {
    ...memory,
    put(collection, id, value, putOptions) {
      say(`storage ${collection}`, [id, value]);
      return memory.put(collection, id, value, putOptions);
    },
  };
  const transport: Transport = async (request) => {
    say('address', request.url.href);
    const form = new URLSearchParams(request.body);
    for (const name of ['client_secret', 'code', 'code_verifier']) keep(form.get(name));
    keep(request.headers.authorization?.slice('Bearer '.length));
    const answer = await fetchTransport(house.simulator.fetch)(request);
    if (!request.url.pathname.endsWith('/token')) return answer;
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    for (const [, token] of text.matchAll(/"(?:access|id)_token":"([^"]+)"/g)) keep(token);
    return {
      ...answer,
      body: (async function* () {
        yield* chunks;
      })(),
    };
  };
  const keep = (secret: string | null | undefined) => {
    if (secret) secrets.add(secret);
  };

  const house: House = await createHouse({
    storage,
    ...options,
    provider: { transport, ...options.provider },
    connector: { logger, ...options.connector },
  });
  for (const name of EVENTS) house.connector.events.on(name, (event: unknown) => say(`event ${name}`, event));
  return {
    house,
    /** What must not be seen anywhere. */
    secrets,
    keep,
    /** Adds something that came out of the connector, such as an error. */
    say,
    /** Where each secret was seen, in words that do not repeat it. */
    leaks: () => {
      const all = [...secrets];
      return said.flatMap(({ where, text }) =>
        all.filter((secret) => text.includes(secret)).map(() => where),
      );
    },
    /** How many things were looked at, by where they came from. */
    seen: (where: string) => said.filter((each) => each.where.startsWith(where)).length,
  };
}
