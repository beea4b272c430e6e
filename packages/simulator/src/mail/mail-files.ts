import { accessSync, closeSync, constants, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CHUNK_BYTES, type MailSource } from './mail-source.ts';
import { parseMimeHeader } from './mime-header.ts';

/** One message on disk: a file, or a part of one. */
export interface MailFile {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** Lists the .eml files of a folder and its subfolders, sorted by path. */
export function listMailFolder(directory: string): readonly MailFile[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.eml$/i.test(name),
  );
  return names
    .sort()
    .map((name) => join(directory, name))
    .flatMap((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      if (found?.isDirectory()) return [];
      // Found out now, and not when a client asks for the message.
      if (!found?.isFile() || !isReadable(path)) throw new RangeError(`The file '${path}' cannot be read.`);
      return [{ path, start: 0, end: found.size }];
    });
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

const FROM_LINE = Buffer.from('\nFrom ');

/**
 * Lists the messages of an mbox file. A message begins after a line that starts with `From ` at the beginning of the file
 * or after an empty line, and ends before the empty line that precedes the next such line; its bytes are left as they are
 * (a quoted `>From ` stays quoted).
 */
export function listMbox(path: string): readonly MailFile[] {
  const size = statSync(path).size;
  const separators: number[] = [];
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(1_048_576);
    // Each read starts a little before the end of the one before: a separator may lie across the border.
    for (let base = 0; base < size; base += buffer.length - 16) {
      const bytes = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, base));
      if (base === 0 && bytes.subarray(0, 5).toString('latin1') === 'From ') separators.push(0);
      for (let at = bytes.indexOf(FROM_LINE); at >= 0; at = bytes.indexOf(FROM_LINE, at + 1)) {
        const before = bytes[at - 1] === 0x0d ? at - 2 : at - 1;
        const start = base + at + 1;
        if (bytes[before] === 0x0a && start > (separators.at(-1) ?? -1)) separators.push(start);
      }
    }
    return separators.map((separator, index) => {
      const start = lineEnd(file, separator);
      const next = separators[index + 1];
      return {
        path,
        start,
        end: next === undefined ? size : Math.max(start, next - blankBefore(file, next)),
      };
    });
  } finally {
    closeSync(file);
  }
}

function lineEnd(file: number, start: number): number {
  const buffer = Buffer.allocUnsafe(1_024);
  for (let base = start; ; base += buffer.length) {
    const read = readSync(file, buffer, 0, buffer.length, base);
    const end = buffer.subarray(0, read).indexOf(0x0a);
    if (end >= 0) return base + end + 1;
    if (read === 0) return base;
  }
}

function blankBefore(file: number, position: number): number {
  const two = Buffer.alloc(2);
  readSync(file, two, 0, 2, position - 2);
  return two[0] === 0x0d ? 2 : 1;
}

/** Creates a source of one mailbox's share of files: the first-th and then every stride-th. */
export function createFileMail(files: readonly MailFile[], first: number, stride: number): MailSource {
  const fileOf = (number: number): MailFile => {
    const file = files[first + number * stride];
    if (file === undefined) throw new RangeError(`There is no message ${number} in this mailbox.`);
    return file;
  };
  const headOf = (number: number): Buffer => {
    for (const chunk of read(fileOf(number))) return Buffer.from(chunk);
    return Buffer.alloc(0);
  };
  return {
    size: (number) => fileOf(number).end - fileOf(number).start,
    header: (number) => parseMimeHeader(headOf(number)),
    preview: (number) => {
      const text = headOf(number).toString('utf8');
      const body = /\r?\n\r?\n/.exec(text);
      return body === null
        ? ''
        : text
            .slice(body.index, body.index + 400)
            .replace(/\s+/g, ' ')
            .trim()
            .slice(0, 255);
    },
    chunks: (number) => read(fileOf(number)),
  };
}

function* read(part: MailFile): Generator<Uint8Array, void, undefined> {
  const file = openSync(part.path, 'r');
  try {
    for (let position = part.start; position < part.end; ) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, part.end - position));
      const length = readSync(file, buffer, 0, buffer.length, position);
      if (length === 0) return;
      yield buffer.subarray(0, length);
      position += length;
    }
  } finally {
    closeSync(file);
  }
}
