export type { CloudName, CloudRoots } from './cloud.ts';
export type { Certificate, Credential } from './entra/client-credential.ts';
export { office365 } from './office365.ts';
export type { Office365Options } from './options.ts';
export { permissions } from './permissions.ts';
export { fetchTransport } from './transport/fetch-transport.ts';
export type { Transport, TransportRequest, TransportResponse } from './transport/transport.ts';
export { type UndiciTransportOptions, undiciTransport } from './transport/undici-transport.ts';
