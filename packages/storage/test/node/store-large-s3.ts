// Stores a message of 150 MB in the bucket of `S3_TEST`, and writes how much more memory the process then had at its peak.
import { s3Archive } from '../../src/s3/index.ts';
import { storeLarge } from './large-message.ts';
import { clientOf } from './s3-client.ts';

const { server, ...options } = JSON.parse(process.env.S3_TEST ?? '');
console.log(JSON.stringify(await storeLarge(s3Archive({ client: clientOf(server), ...options }))));
