/**
 * What npm accepts as the name of a package, capitals as in old packages included. It does not begin with a dot or
 * a dash: such a name would be a folder above, or an option of npm.
 */
const NAME = /^(?:@[A-Za-z0-9~][A-Za-z0-9._~-]*\/)?[A-Za-z0-9~][A-Za-z0-9._~-]*$/;
/** npm's own bound. */
const MAX_LENGTH = 214;
const RESERVED = new Set(['node_modules', 'favicon.ico']);

/** Whether a text is the name of an npm package: `ltx`, `@xmpp/client`. */
export function isPackageName(text: string): boolean {
  return text.length <= MAX_LENGTH && NAME.test(text) && !RESERVED.has(text.toLowerCase());
}

/** The package of a specifier: `@xmpp/client` of `@xmpp/client/lib/x.js`. */
export function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] as string);
}
