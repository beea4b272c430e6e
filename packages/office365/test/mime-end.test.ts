import { describe, expect, it } from 'vitest';
import { createMimeEnds } from '../src/mail/mime-end.ts';

const parts = (type: string) =>
  `Subject: x\r\nContent-Type: ${type}\r\nTo: y\r\n\r\n--a b\r\n\r\nOne.\r\n--a b\r\n\r\nTwo.\r\n`;
const multipart = parts('multipart/mixed;\r\n\tboundary="a b"');

/** Whether a download counts as complete; in pieces, as they come. */
function download(ends: ReturnType<typeof createMimeEnds>, text: string, size = 7, message = 'message') {
  const watch = ends.watch(message);
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) watch.add(bytes.subarray(at, at + size));
  try {
    watch.end();
    return true;
  } catch {
    return false;
  }
}

describe('a message that was cut before its length was taken', () => {
  it.each([1, 7, 1_000_000])('is seen, in pieces of %i bytes, and whole it is not', (size) => {
    expect(download(createMimeEnds(), multipart, size)).toBe(false);
    expect(download(createMimeEnds(), `${multipart}--a b--\r\n`, size)).toBe(true);
    expect(download(createMimeEnds(), `${multipart}--a b--\r\nAn epilogue.\r\n`, size)).toBe(true);
  });

  it.each([
    'multipart/mixed; boundary=a',
    'MULTIPART/related; type="text/html"; boundary="a"',
    'multipart/alternative;\n boundary="a"',
  ])('is seen by %j', (type) => {
    expect(download(createMimeEnds(), parts(type))).toBe(false);
    expect(download(createMimeEnds(), `${parts(type)}--a--`)).toBe(true);
  });

  it.each(['text/plain; boundary="a b"', 'message/rfc822'])('is not suspected when it is %s', (type) => {
    expect(download(createMimeEnds(), parts(type))).toBe(true);
  });

  it('is not suspected for what stands in its body, or when it is empty', () => {
    expect(
      download(createMimeEnds(), `Subject: x\r\n\r\nContent-Type: multipart/mixed; boundary="a"\r\n`),
    ).toBe(true);
    expect(download(createMimeEnds(), '')).toBe(true);
  });
});

describe('a message that the service itself hands out without its end', () => {
  it('is taken as it is when it comes the same way again', () => {
    const ends = createMimeEnds();
    expect([1, 2, 3].map(() => download(ends, multipart))).toEqual([false, true, true]);
    expect(download(ends, multipart, 7, 'another')).toBe(false);
  });

  it('is not when it comes cut in another place', () => {
    const ends = createMimeEnds();
    expect([90, 95, 100].map((at) => download(ends, multipart.slice(0, at)))).toEqual([false, false, false]);
  });

  it('is remembered among a thousand at most', () => {
    const ends = createMimeEnds();
    for (let id = 0; id < 1_001; id++) download(ends, multipart, 1_000, `${id}`);
    expect(download(ends, multipart, 1_000, '1')).toBe(true);
    expect(download(ends, multipart, 1_000, '0')).toBe(false);
  });

  it('costs next to nothing to look for, however long its header is', () => {
    const header = `Content-Type: multipart/mixed;${' boundary'.repeat(40_000)}\r\n\r\n`;
    expect(download(createMimeEnds(), header, 65_536)).toBe(true);
  });
});
