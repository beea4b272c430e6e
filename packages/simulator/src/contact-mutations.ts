import type { Contact } from './directory/contact.ts';
import type { Patch, Tenant } from './directory/tenant.ts';
import type { World } from './world.ts';

/** A contact to add. */
export interface NewContact {
  /** An address outside the tenant. */
  readonly mail: string;
  /** @default the part of the address before the @ */
  readonly displayName?: string;
  readonly companyName?: string;
}

/** What tests do to a tenant's contacts, which are read-only in Graph itself: Exchange or the on-premises directory changes them. */
export interface ContactMutations {
  addContact(tenantId: string, contact: NewContact): Contact;
  updateContact(tenantId: string, contactId: string, patch: Patch<Contact>): void;
  /** For good: the deleted items keep users and groups only ("List deletedItems"). */
  removeContact(tenantId: string, contactId: string): void;
}

/** @internal */
export function createContactMutations(world: World, tenantOf: (id: string) => Tenant): ContactMutations {
  const contactOf = (tenant: Tenant, id: string): Contact => {
    const contact = tenant.contacts.find((one) => one.id === id);
    if (contact === undefined) throw new RangeError(`There is no contact '${id}'.`);
    return contact;
  };
  return {
    addContact: (tenantId, { mail, displayName, companyName }) => {
      const [nickname = mail] = mail.split('@', 1);
      const contact: Contact = {
        id: world.random.guid(),
        displayName: displayName ?? nickname,
        mail,
        mailNickname: nickname,
        proxyAddresses: [`SMTP:${mail}`],
        ...(companyName === undefined ? {} : { companyName }),
      };
      tenantOf(tenantId).addContact(contact);
      return contact;
    },
    updateContact: (tenantId, contactId, patch) => {
      const tenant = tenantOf(tenantId);
      tenant.updateContact(contactOf(tenant, contactId), patch);
    },
    removeContact: (tenantId, contactId) => {
      const tenant = tenantOf(tenantId);
      tenant.removeContact(contactOf(tenant, contactId));
    },
  };
}
