import type { Address, MessageHeader } from './mail-source.ts';

/** Reads of a raw header what Graph shows; anything that cannot be read is left out. */
export function parseMimeHeader(head: Buffer): MessageHeader {
  const text = head.toString('latin1');
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  const fields = new Map<string, string>();
  for (const line of text
    .slice(0, end)
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    if (name !== '' && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  const shown = (name: string) => decodeWords(utf8(fields.get(name) ?? ''));
  return {
    subject: shown('subject'),
    from: addresses(shown('from'))[0],
    to: addresses(shown('to')),
    cc: addresses(shown('cc')),
    internetMessageId: /<[^<>\s]+>/.exec(fields.get('message-id') ?? '')?.[0],
    hasAttachments: /^multipart\/mixed/i.test(fields.get('content-type') ?? ''),
  };
}

/** Raw bytes of a header are taken for UTF-8 when they are, and for ISO 8859-1 otherwise. */
function utf8(latin1: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return latin1;
  }
}

function decodeWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(
      /=\?([\w.-]+)(?:\*[\w-]+)?\?([bBqQ])\?([^?]*)\?=/g,
      (whole, charset: string, encoding: string, data: string) => {
        const bytes =
          encoding.toLowerCase() === 'b'
            ? Buffer.from(data, 'base64')
            : Buffer.from(
                data
                  .replaceAll('_', ' ')
                  .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
                    String.fromCharCode(Number.parseInt(hex, 16)),
                  ),
                'latin1',
              );
        try {
          return new TextDecoder(charset).decode(bytes);
        } catch {
          return whole;
        }
      },
    );
}

function addresses(text: string): readonly Address[] {
  const found: Address[] = [];
  for (const part of text.slice(0, 4_000).match(/("[^"]*"|[^,"])+/g) ?? []) {
    const angle = /^(.*?)<([^<>]*)>/.exec(part);
    const address = (angle?.[2] ?? part).trim();
    if (address === '' || !address.includes('@')) continue;
    const name = (angle?.[1] ?? '').trim().replace(/^"|"$/g, '');
    found.push({ name: name === '' ? address : name, address });
  }
  return found;
}
