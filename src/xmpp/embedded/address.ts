import { prepareJid } from '../jid.ts';

/** A JID in its parts, prepared for comparison (RFC 7622 §3). */
export interface Address {
  /** Empty for a JID without an account. */
  readonly local: string;
  readonly domain: string;
  /** Empty for a bare JID. */
  readonly resource: string;
  readonly bare: string;
  readonly full: string;
}

/** Maximum number of characters of a prepared part (RFC 7622 §3.1). */
const MAX_PART_LENGTH = 1023;
const local = /^[^\s"&'/:<>@\p{Cc}]*$/u;
const domain = /^[^\s"&'/<>@\p{Cc}]+$/u;
const resource = /^\P{Cc}*$/u;

/** @returns `undefined` for a text that is not a JID */
export function parseAddress(text: string): Address | undefined {
  const full = prepareJid(text);
  const slash = full.indexOf('/');
  const bare = slash < 0 ? full : full.slice(0, slash);
  const at = bare.indexOf('@');
  const address = {
    local: at < 0 ? '' : bare.slice(0, at),
    domain: bare.slice(at + 1),
    resource: slash < 0 ? '' : full.slice(slash + 1),
    bare,
    full,
  };
  return isValid(address) && at !== 0 && slash !== full.length - 1 ? address : undefined;
}

/** Whether a prepared text can be the name of an account. */
export function isLocalPart(text: string): boolean {
  return text !== '' && text.length <= MAX_PART_LENGTH && local.test(text);
}

function isValid(address: Address): boolean {
  const parts = [address.local, address.domain, address.resource];
  return (
    parts.every((part) => part.length <= MAX_PART_LENGTH) &&
    local.test(address.local) &&
    domain.test(address.domain) &&
    resource.test(address.resource)
  );
}
