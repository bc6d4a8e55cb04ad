import { AmocError } from '../../lib/errors.ts';
import type { Session } from '../session/session.ts';
import type { StanzaWait } from '../session/session-parts.ts';
import { slot } from '../stanzas/http-upload.ts';
import { NS } from '../stanzas/namespaces.ts';

/** A file to upload: its content, or its size. */
export type UploadedFile = {
  name: string;
  /** Its media type. @default 'application/octet-stream' */
  type?: string;
} & ({ content: string | Uint8Array } | { size: number });

/** Where to put a file, and where others get it (XEP-0363 §5). */
export interface UploadSlot {
  putUrl: string;
  getUrl: string;
  /** Headers that the request must have. */
  headers: Record<string, string>;
}

/** Times an upload, and ends it when the user is removed: a `User` is one. */
export interface UploadTimer {
  readonly signal?: AbortSignal;
  timed<T>(name: string, work: () => PromiseLike<T>): Promise<T>;
}

/**
 * Asks a service for a slot, and uploads a file to it by HTTP (XEP-0363).
 *
 * ```ts
 * const { getUrl } = await uploadFile(session, 'upload.localhost', { name: 'a.jpg', size: 50_000 }, user);
 * ```
 *
 * @param timer the user, which times both requests as `upload_slot` and `upload_put`
 * @returns the slot; its `getUrl` is for the message to others
 * @throws {StanzaError} when the service gives no slot
 * @throws {AmocError} `CONNECTION` when the file cannot be uploaded
 */
export async function uploadFile(
  session: Session,
  service: string,
  file: UploadedFile,
  timer: UploadTimer = untimed,
  options: StanzaWait = {},
): Promise<UploadSlot> {
  const body = contentOf(file);
  const type = file.type ?? 'application/octet-stream';
  const granted = await timer.timed('upload_slot', () => {
    return requestSlot(session, service, { name: file.name, bytes: body.length, type }, options);
  });
  await timer.timed('upload_put', () => put(granted, body, type, timer.signal));
  return granted;
}

const untimed: UploadTimer = { timed: async (_name, work) => work() };

async function requestSlot(
  session: Session,
  service: string,
  file: { name: string; bytes: number; type: string },
  options: StanzaWait,
): Promise<UploadSlot> {
  const answer = await session.sendIq(slot(service, file), options);
  const given = answer.getChild('slot', NS.httpUpload);
  const putUrl = given?.getChild('put')?.attrs['url'] as string | undefined;
  const getUrl = given?.getChild('get')?.attrs['url'] as string | undefined;
  if (putUrl === undefined || getUrl === undefined) {
    throw new AmocError('STANZA', `${service} answered without a slot: ${answer.text}`);
  }
  const headers: Record<string, string> = {};
  for (const header of given?.getChild('put')?.getChildren('header') ?? []) {
    const name = String(header.attrs['name']);
    // Any other header, and a line break, could change the request at will (XEP-0363 §5, §11).
    if (allowedHeaders.has(name.toLowerCase()))
      headers[name] = header.text().replace(/[\r\n]/g, '');
  }
  return { putUrl, getUrl, headers };
}

const allowedHeaders = new Set(['authorization', 'cookie', 'expires']);

async function put(
  { putUrl, headers }: UploadSlot,
  body: Uint8Array,
  type: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(putUrl, {
      method: 'PUT',
      headers: { ...headers, 'content-type': type },
      body,
      ...(signal === undefined ? {} : { signal }),
    });
    status = response.status;
    // Read to the end; otherwise the connection is not used again.
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new AmocError('CONNECTION', `${putUrl} cannot be reached: ${reasonOf(cause)}`, { cause });
  }
  if (status < 200 || status > 299) {
    const shown = text.slice(0, 200);
    throw new AmocError('CONNECTION', `${putUrl} answered ${status} to the PUT: ${shown}`);
  }
}

/** The text `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** Zeros of the size that was requested last: users mostly upload files of one size. */
let zeros = new Uint8Array(0);

function contentOf(file: UploadedFile): Uint8Array {
  if ('content' in file) {
    return typeof file.content === 'string' ? Buffer.from(file.content) : file.content;
  }
  if (!Number.isInteger(file.size) || file.size < 0) {
    throw new AmocError('ARGUMENT', `uploadFile: size is ${file.size}, not a whole number ≥ 0`);
  }
  if (zeros.length !== file.size) zeros = new Uint8Array(file.size);
  return zeros;
}
