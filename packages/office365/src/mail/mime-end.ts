import type { ContentWatch } from '../graph/content-stream.ts';

/** Looks at whether messages have their end, as far as that shows. */
export interface MimeEnds {
  /** @param message Names it over all tenants. */
  watch(message: string): ContentWatch;
}

const HEADER = 65_536;
const TAIL = 300;
const MOST_MESSAGES = 1_000;

/**
 * A message that was cut before its length was taken looks complete to HTTP. One of several parts says in its header how it
 * ends, so it is not believed when that is missing, unless it ends the same way the next time: then it is like that.
 * Nothing else is parsed, and a message of one part that was cut stays unseen.
 */
export function createMimeEnds(): MimeEnds {
  /** How messages without their end ended. */
  const ends = new Map<string, string>();
  const remember = (message: string, end: string) => {
    ends.delete(message);
    ends.set(message, end);
    const [oldest] = ends.keys();
    if (ends.size > MOST_MESSAGES && oldest !== undefined) ends.delete(oldest);
  };
  return {
    watch(message) {
      let head = '';
      let isHeader = true;
      let tail = Buffer.alloc(0);
      let length = 0;
      return {
        add(chunk) {
          length += chunk.byteLength;
          tail = Buffer.concat([tail, chunk.subarray(-TAIL)]).subarray(-TAIL);
          if (!isHeader) return;
          head += textOf(chunk.subarray(0, HEADER - head.length));
          isHeader = head.length < HEADER && !END_OF_HEADER.test(head);
        },
        end() {
          const boundary = boundaryOf(head);
          const last = textOf(tail);
          if (boundary === undefined || last.includes(`--${boundary}--`)) return;
          const end = `${length} ${last}`;
          if (ends.get(message) === end) return;
          remember(message, end);
          throw new Error('The message does not end as its header says.');
        },
      };
    },
  };
}

const END_OF_HEADER = /\r?\n\r?\n/;
const MULTIPART = /^content-type:[ \t]*multipart\/.*?boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/im;

function boundaryOf(head: string): string | undefined {
  const [header = ''] = head.split(END_OF_HEADER, 1);
  const [, quoted, bare] = MULTIPART.exec(header.replace(/\r?\n[ \t]+/g, ' ')) ?? [];
  return quoted ?? bare;
}

const textOf = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
