/** The app id of Microsoft Graph, the same in every tenant and cloud. */
export const graphApplicationId = '00000003-0000-0000-c000-000000000000';

/** The ids of the application permissions that this package asks for, from "Microsoft Graph permissions reference". */
export const appRoleIds: ReadonlyMap<string, string> = new Map([
  ['Application.Read.All', '9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30'],
  ['Domain.Read.All', 'dbb9058a-0e50-45d7-ae91-66909b5d4664'],
  ['User.Read.All', 'df021288-bdef-4463-88db-98f22de89214'],
  ['OrgContact.Read.All', 'e1a88a34-94c4-4418-be12-c87b00e26bea'],
  ['Group.Read.All', '5b567255-7703-4780-807c-7be8301ae99b'],
  ['Member.Read.Hidden', '658aa5d8-239f-45c4-aa12-864f4fc7e490'],
  ['Mail.Read', '810c84a8-4a9e-49e6-bf7d-12d183f40d01'],
  ['MailboxSettings.Read', '40f97065-369a-49f4-947c-6a255697ae91'],
]);
