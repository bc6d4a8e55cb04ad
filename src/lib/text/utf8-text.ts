import { AmocError } from '../errors.ts';

/** The mark that Windows' editors write before a text. */
const BYTE_ORDER_MARK = '\uFEFF';

/** The text without the byte order mark that it may begin with. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

/**
 * Decodes the contents of a file that must be UTF-8; a byte order mark is left out.
 *
 * @param name the file's name in the error message
 * @throws {AmocError} `FILE` with the line that is not UTF-8
 */
export function utf8Text(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const isUtf16 =
      (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    const what = isUtf16 ? 'is UTF-16' : `is not UTF-8 in line ${firstBadLine(bytes)}`;
    throw new AmocError('FILE', `${name} ${what}; save it as UTF-8`, { cause });
  }
}

/** Where the bytes differ from what a lenient decoder makes of them. */
function firstBadLine(bytes: Uint8Array): number {
  const mended = Buffer.from(Buffer.from(bytes).toString('utf8'));
  const at = bytes.findIndex((byte, index) => byte !== mended[index]);
  return bytes.subarray(0, at).reduce((line, byte) => (byte === 0x0a ? line + 1 : line), 1);
}
