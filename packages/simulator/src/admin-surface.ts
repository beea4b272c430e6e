import { CALLABLE, type Callable, callByName } from './callable.ts';
import { streamOf } from './graph/graph-response.ts';
import { aadstsCodes } from './login/aadsts-code.ts';
import type { Simulator } from './simulator.ts';

/** Answers `/simulator/…`: counts, tenants, manifests and mutations, for a process that is not this one. */
export async function adminSurface(simulator: Simulator, request: Request): Promise<Response> {
  const [, , ...path] = new URL(request.url).pathname.split('/').map(decodeURIComponent);
  const asked = `${request.method} ${path.join('/')}`;
  if (asked === 'GET counts') return Response.json(simulator.counts);
  if (asked === 'POST counts/reset') {
    simulator.resetCounts();
    return Response.json(simulator.counts);
  }
  if (asked === 'GET aadsts') return Response.json(aadstsCodes);
  if (asked === 'GET tenants')
    return Response.json(simulator.tenants.map((tenant) => describeTenant(simulator, tenant.id)));
  if (request.method === 'GET' && path[0] === 'tenants' && path[2] === 'manifest')
    return manifest(simulator, path[1] ?? '');
  const name = CALLABLE.find((one) => one === path[0]);
  if (request.method === 'POST' && name !== undefined && path.length === 1)
    return call(simulator, name, request);
  return problem(
    404,
    `There is no ${asked} here. POST /simulator/{${CALLABLE.join(', ')}} takes a JSON list of arguments.`,
  );
}

/** What another process must know about a tenant. */
export function describeTenant(simulator: Simulator, tenantId: string) {
  const tenant = simulator.tenants.find((one) => one.id === tenantId);
  if (tenant === undefined) throw new RangeError(`There is no tenant '${tenantId}'.`);
  const { id, name, displayName, domains, administrator, accounts, grants, policy, consentRequests } = tenant;
  return {
    id,
    name,
    displayName,
    domains,
    administrator,
    accounts,
    grants,
    policy,
    consentRequests,
    users: tenant.users.length,
    mailboxes: tenant.mailboxes.length,
  };
}

function problem(status: number, message: string): Response {
  return Response.json({ error: message }, { status });
}

function manifest(simulator: Simulator, tenantId: string): Response {
  const tenant = simulator.tenants.find((one) => one.id === tenantId);
  if (tenant === undefined) return problem(404, `There is no tenant '${tenantId}'.`);
  const lines = (function* () {
    for (const entry of simulator.manifest(tenant)) yield Buffer.from(`${JSON.stringify(entry)}\n`);
  })();
  return new Response(
    streamOf(lines, () => {}),
    { headers: { 'content-type': 'application/x-ndjson' } },
  );
}

async function call(simulator: Simulator, name: Callable, request: Request): Promise<Response> {
  try {
    const text = await request.text();
    const values: unknown = text === '' ? [] : JSON.parse(text);
    if (!Array.isArray(values)) return problem(400, 'The body is a JSON list of arguments.');
    const result = callByName(simulator, name, values);
    return Response.json(result ?? null);
  } catch (error) {
    return problem(400, error instanceof Error ? error.message : String(error));
  }
}
