import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq } from './iq.ts';
import { NS } from './namespaces.ts';

/** Asks where to upload a file (XEP-0363 §5). */
export function slot(
  service: string,
  file: { name: string; bytes: number; type?: string },
): Element {
  const { name, bytes, type } = file;
  const attributes = {
    xmlns: NS.httpUpload,
    filename: name,
    size: String(bytes),
    'content-type': type,
  };
  return iq('get', xml('request', attributes), service);
}
