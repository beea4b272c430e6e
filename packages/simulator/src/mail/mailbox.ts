import { createHash } from 'node:crypto';
import type { Folder, FolderEvent } from './folder.ts';
import { makeFolder, makeFolders } from './folder-tree.ts';
import { type IdForm, immutableId, parseItemId, restId } from './item-id.ts';
import type { MailSource, MessageHeader } from './mail-source.ts';
import { receivedTime } from './received-time.ts';

/** A message that was added after the mailbox was made: its bytes, or the length of bytes to make up. */
export type NewMessage = { readonly raw: Uint8Array | string } | { readonly size: number };

/** One line of the manifest: a message that the simulator holds. */
export interface ManifestEntry {
  readonly mailboxId: string;
  /** The immutable id. */
  readonly messageId: string;
  readonly folderId: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A mailbox. Messages have numbers; what is in memory is only what differs from the way the seed made it. */
export interface Mailbox {
  /** The id of the user whose mailbox it is. */
  readonly id: string;
  readonly folders: readonly Folder[];
  /** Messages now. */
  readonly size: number;
  /** Position in the log of folders. */
  readonly folderLog: readonly number[];
  /** By id, or by well-known name in any case; deleted folders are not found. */
  folder(idOrName: string): Folder | undefined;
  addFolder(name: string, parent: Folder, traits?: { readonly hidden?: boolean }): Folder;
  removeFolder(folder: Folder): void;
  add(folder: Folder, message: NewMessage, receivedAt: number): number;
  move(number: number, target: Folder): void;
  remove(number: number): void;
  update(number: number, isRead: boolean): void;
  /** Exchange cannot render this one any more: its content is an error 500. */
  poison(number: number): void;
  isPoisoned(number: number): boolean;
  /** The number behind an id, when the message is there and the id is its present one. */
  resolve(id: string, form: IdForm): number | undefined;
  idOf(number: number, form: IdForm, moves?: number): string;
  /** The folder in which a message is. */
  folderOf(number: number): Folder | undefined;
  /** Messages of a folder, oldest first. */
  numbers(folder: Folder): { readonly length: number; at(position: number): number };
  /** Events of a folder in all: where the next one will be. */
  events(folder: Folder): number;
  eventAt(folder: Folder, position: number): FolderEvent | undefined;
  receivedAt(number: number): number;
  version(number: number): number;
  isRead(number: number): boolean;
  header(number: number): MessageHeader;
  preview(number: number): string;
  bytes(number: number): number;
  chunks(number: number): Generator<Uint8Array, void, undefined>;
  manifest(): Generator<ManifestEntry, void, undefined>;
}

/** What a mailbox is made from. */
export interface MailboxOptions {
  readonly seed: number;
  readonly id: string;
  readonly count: number;
  /** Source of the first messages, and of those added by size. */
  source(mailbox: {
    receivedAt(number: number): number;
    exactSize(number: number): number | undefined;
  }): MailSource;
  parse(raw: Buffer): MessageHeader;
}

/** Creates a mailbox with its folders. */
export function createMailbox(options: MailboxOptions): Mailbox {
  const folders = makeFolders(options.id, options.count);
  const byName = new Map<string, Folder>();
  for (const folder of folders) {
    byName.set(folder.id, folder);
    if (folder.wellKnownName !== undefined) byName.set(folder.wellKnownName, folder);
  }
  const folderLog: number[] = [];
  const places = new Map<number, { folder: Folder | undefined; moves: number }>();
  const added = new Map<
    number,
    { readonly receivedAt: number; readonly raw?: Buffer; readonly size?: number }
  >();
  const changed = new Map<number, { isRead: boolean; version: number }>();
  const poisoned = new Set<number>();
  const lists = new Map<Folder, readonly number[]>();
  let next = options.count;
  let size = options.count;

  const origin = (number: number): Folder | undefined =>
    folders.find((folder) => number >= folder.first && number < folder.first + folder.count);
  const folderOf = (number: number): Folder | undefined => {
    const place = places.get(number);
    if (place !== undefined) return place.folder;
    return number < options.count ? origin(number) : undefined;
  };
  const movesOf = (number: number) => places.get(number)?.moves ?? 0;
  const receivedAt = (number: number): number => {
    const late = added.get(number);
    if (late !== undefined) return late.receivedAt;
    const folder = origin(number);
    return folder === undefined
      ? 0
      : receivedTime(number - folder.first, folder.count, options.seed, options.id, folder.index);
  };
  const source = options.source({ receivedAt, exactSize: (number) => added.get(number)?.size });
  const log = (folder: Folder, number: number, kind: FolderEvent['kind']) => {
    lists.delete(folder);
    folder.log.push({ number, kind, moves: movesOf(number) });
    if (kind === 'removed') folder.live -= 1;
    if (kind === 'added' || kind === 'returned') folder.live += 1;
  };
  const leave = (number: number): Folder => {
    const folder = folderOf(number);
    if (folder === undefined) throw new RangeError('The message is not in this mailbox.');
    log(folder, number, 'removed');
    return folder;
  };
  const wasIn = (folder: Folder, number: number) =>
    (number >= folder.first && number < folder.first + folder.count) ||
    folder.log.some((event) => event.number === number && event.kind === 'removed');
  const rawOf = (number: number): Buffer | undefined => added.get(number)?.raw;

  const mailbox: Mailbox = {
    id: options.id,
    folders,
    folderLog,
    get size() {
      return size;
    },
    folder: (idOrName) => {
      const folder = byName.get(idOrName) ?? byName.get(idOrName.toLowerCase());
      return folder?.deleted === true ? undefined : folder;
    },
    addFolder: (name, parent, traits = {}) => {
      const folder = makeFolder(options.id, folders.length, name, parent.index, {
        hidden: traits.hidden ?? false,
      });
      folders.push(folder);
      byName.set(folder.id, folder);
      folderLog.push(folder.index);
      return folder;
    },
    removeFolder: (folder) => {
      const { length } = mailbox.numbers(folder);
      const inside = Array.from({ length }, (_, position) => mailbox.numbers(folder).at(position));
      for (const number of inside) mailbox.remove(number);
      folder.deleted = true;
      folderLog.push(folder.index);
    },
    add: (folder, message, time) => {
      const number = next++;
      added.set(
        number,
        'raw' in message
          ? { receivedAt: time, raw: Buffer.from(message.raw) }
          : { receivedAt: time, size: message.size },
      );
      places.set(number, { folder, moves: 0 });
      log(folder, number, 'added');
      size += 1;
      return number;
    },
    move: (number, target) => {
      const from = leave(number);
      places.set(number, { folder: target, moves: movesOf(number) + 1 });
      log(target, number, from !== target && wasIn(target, number) ? 'returned' : 'added');
    },
    remove: (number) => {
      leave(number);
      places.set(number, { folder: undefined, moves: movesOf(number) });
      added.delete(number);
      size -= 1;
    },
    update: (number, isRead) => {
      changed.set(number, { isRead, version: mailbox.version(number) + 1 });
      const folder = folderOf(number);
      if (folder !== undefined) log(folder, number, 'updated');
    },
    poison: (number) => {
      poisoned.add(number);
    },
    isPoisoned: (number) => poisoned.has(number),
    resolve: (id, form) => {
      const parsed = parseItemId(options.id, id);
      if (parsed === undefined || folderOf(parsed.number) === undefined) return undefined;
      // An immutable id means something only to a request that says so in its Prefer header.
      if (parsed.form === 'immutable') return form === 'immutable' ? parsed.number : undefined;
      return parsed.moves === movesOf(parsed.number) ? parsed.number : undefined;
    },
    idOf: (number, form, moves) =>
      form === 'immutable'
        ? immutableId(options.id, number)
        : restId(options.id, number, moves ?? movesOf(number)),
    folderOf,
    numbers: (folder) => {
      if (folder.log.length === 0) return { length: folder.count, at: (position) => folder.first + position };
      let list = lists.get(folder);
      if (list === undefined) {
        const present = new Set<number>();
        for (let position = 0; position < mailbox.events(folder); position++) {
          const event = mailbox.eventAt(folder, position);
          if (event !== undefined && folderOf(event.number) === folder) present.add(event.number);
        }
        list = [...present];
        lists.set(folder, list);
      }
      const found = list;
      return { length: found.length, at: (position) => found[position] ?? 0 };
    },
    events: (folder) => folder.count + folder.log.length,
    eventAt: (folder, position) =>
      position < folder.count
        ? { number: folder.first + position, kind: 'added', moves: 0 }
        : folder.log[position - folder.count],
    receivedAt,
    version: (number) => changed.get(number)?.version ?? 0,
    isRead: (number) => changed.get(number)?.isRead ?? number < options.count,
    header: (number) => {
      const raw = rawOf(number);
      return raw === undefined ? source.header(number) : options.parse(raw);
    },
    preview: (number) => {
      const raw = rawOf(number);
      return raw === undefined ? source.preview(number) : raw.toString('utf8', 0, 255);
    },
    bytes: (number) => rawOf(number)?.length ?? source.size(number),
    chunks: (number) => {
      const raw = rawOf(number);
      return raw === undefined ? source.chunks(number) : whole(raw);
    },
    *manifest() {
      for (const folder of folders) {
        if (folder.searches !== undefined || folder.deleted) continue;
        const numbers = mailbox.numbers(folder);
        for (let position = 0; position < numbers.length; position++) {
          const number = numbers.at(position);
          const hash = createHash('sha256');
          let bytes = 0;
          for (const chunk of mailbox.chunks(number)) {
            hash.update(chunk);
            bytes += chunk.length;
          }
          yield {
            mailboxId: options.id,
            messageId: immutableId(options.id, number),
            folderId: folder.id,
            bytes,
            sha256: hash.digest('hex'),
          };
        }
      }
    },
  };
  return mailbox;
}

function* whole(raw: Buffer): Generator<Uint8Array, void, undefined> {
  yield raw;
}
