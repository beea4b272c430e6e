import type { Simulator } from '@mailsphere/simulator';

/** Takes 60 percent of the users away from Contoso, the administrator not among them. Returns how many these are. */
export function loseUsers(simulator: Simulator): number {
  const contoso = simulator.tenants.find(({ name }) => name === 'contoso');
  if (!contoso) throw new Error('There is a Contoso.');
  const { id, users, administrator } = contoso;
  const count = Math.round(users.length * 0.6);
  const others = users.filter((user) => user.userPrincipalName !== administrator.username);
  for (const user of others.slice(-count)) simulator.removeUser(id, user.id);
  return count;
}

/** The content of the first message that is asked for is refused. */
export function refuseOneMessage(simulator: Simulator): void {
  const body = JSON.stringify({ error: { code: 'ErrorMimeContentConversionFailed', message: '' } });
  simulator.inject({ route: 'messages.value', answer: { status: 500, body } });
}
