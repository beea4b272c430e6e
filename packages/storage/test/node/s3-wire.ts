import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { S3Client } from '@aws-sdk/client-s3';

/** What came over the wire. */
export interface WireRequest {
  /** What an S3 manual calls it. */
  readonly operation: Operation;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface WireAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Breaks the connection after the body. */
  readonly isCut?: boolean;
}

/** What to answer: `reset` breaks the connection; nothing at all is the answer of a service that works and is empty. */
export type Answers = (
  request: WireRequest,
) => Promise<WireAnswer | 'reset' | undefined> | WireAnswer | 'reset' | undefined;

type Operation =
  | 'PutObject'
  | 'HeadObject'
  | 'GetObject'
  | 'ListObjectsV2'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'PutObjectRetention';

/** An endpoint at 127.0.0.1 that notes what it is asked, and answers what it is told to. */
export async function openWire(answers: Answers = () => undefined, config: S3ClientConfig = {}) {
  const requests: WireRequest[] = [];
  const server = createServer(async (incoming, outgoing) => {
    try {
      const url = new URL(incoming.url ?? '', 'http://127.0.0.1');
      const request = {
        operation: operationOf(incoming.method ?? '', url.searchParams),
        key: url.pathname.split('/').slice(2).join('/'),
        query: url.searchParams,
        headers: incoming.headers,
        body: await buffer(incoming),
      };
      requests.push(request);
      const answer = (await answers(request)) ?? standard(request);
      if (answer === 'reset') return outgoing.destroy();
      outgoing.writeHead(answer.status ?? 200, { 'x-amz-request-id': 'R1', ...answer.headers });
      if (answer.isCut) outgoing.write(answer.body, () => outgoing.destroy());
      else outgoing.end(answer.body);
    } catch {
      // The client has gone away.
      outgoing.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    ...config,
  });
  return {
    client,
    requests,
    operations: () => requests.map(({ operation }) => operation),
    async close() {
      client.destroy();
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An error as S3 writes it, with names in it that are nobody's business. */
export const refusal = (status: number, code: string): WireAnswer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>About private-bucket/private-key</Message></Error>`,
});

/** A part of a list. */
export const listing = (keys: readonly string[], isTruncated = false): WireAnswer => ({
  body: `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${keys
    .map((key) => `<Contents><Key>${key}</Key></Contents>`)
    .join('')}</ListBucketResult>`,
});

function standard({ operation, query }: WireRequest): WireAnswer {
  switch (operation) {
    case 'HeadObject':
      return { status: 404 };
    case 'GetObject':
      return refusal(404, 'NoSuchKey');
    case 'ListObjectsV2':
      return listing([]);
    case 'CreateMultipartUpload':
      return {
        body: '<?xml version="1.0"?><InitiateMultipartUploadResult><UploadId>U1</UploadId></InitiateMultipartUploadResult>',
      };
    case 'UploadPart':
      return { headers: { etag: `"part-${query.get('partNumber')}"` } };
    case 'CompleteMultipartUpload':
      return {
        body: '<?xml version="1.0"?><CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>',
      };
    case 'AbortMultipartUpload':
      return { status: 204 };
    default:
      return { headers: { etag: '"whole"' } };
  }
}

function operationOf(method: string, query: URLSearchParams): Operation {
  const isUpload = query.has('uploadId');
  if (method === 'PUT')
    return isUpload ? 'UploadPart' : query.has('retention') ? 'PutObjectRetention' : 'PutObject';
  if (method === 'POST') return isUpload ? 'CompleteMultipartUpload' : 'CreateMultipartUpload';
  if (method === 'DELETE') return 'AbortMultipartUpload';
  if (method === 'HEAD') return 'HeadObject';
  return query.has('list-type') ? 'ListObjectsV2' : 'GetObject';
}
