/** Headers whose values are secrets. */
const secretHeaders =
  /^((?:proxy-)?authorization|cookie|set-cookie|x-api-key|x-auth-token)(:[ \t]*).+$/gim;
/** Members of JSON, and fields of forms and queries, whose values are secrets. */
const NAMES = '(?:password|passwd|secret|(?:access_|refresh_|id_)?token|api_?key|client_secret)';
const secretMembers = new RegExp(`("${NAMES}"\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*"`, 'gi');
const secretFields = new RegExp(`((?:^|[?&\\n])${NAMES}=)[^&\\s]*`, 'gi');

/** A request or an answer, as a trace shows it, without its secrets. */
export function maskHttp(text: string): string {
  return text
    .replace(secretHeaders, '$1$2***')
    .replace(secretMembers, '$1"***"')
    .replace(secretFields, '$1***');
}
