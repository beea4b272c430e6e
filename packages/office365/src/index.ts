export type { CloudName, CloudRoots } from './cloud.ts';
export type { AssertionRequest, Certificate, Credential } from './entra/client-credential.ts';
export { office365 } from './office365.ts';
export type { Office365Options } from './options.ts';
export { type OptionalCapability, permissions } from './permissions.ts';
export { type RequiredResource, requiredResourceAccess } from './required-resource-access.ts';
export { fetchTransport } from './transport/fetch-transport.ts';
export type { Transport, TransportRequest, TransportResponse } from './transport/transport.ts';
export { type UndiciTransportOptions, undiciTransport } from './transport/undici-transport.ts';
