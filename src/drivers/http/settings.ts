import { atLeast } from '../../config/checks.ts';
import type { SettingsOf, Variables } from '../../config/variable.ts';
import { readHttpUrl } from './url.ts';

/** Settings of the HTTP server under test. */
export const httpVariables = {
  httpBase: {
    description: 'URL to which the relative URLs of user.http belong, as in https://example.org/',
    default: '',
    check: (value: string): true | string =>
      value === '' ||
      (readHttpUrl(value) !== undefined && !/[?#@]/.test(value)) ||
      'a URL that begins with http:// or https://, without user, password, ? and #',
  },
  httpConnections: {
    description:
      'most HTTP connections of a process to one server; 0: as many as requests are under way',
    default: 0,
    check: (value: number) => (Number.isInteger(value) && value >= 0) || 'a whole number ≥ 0',
  },
  httpTimeout: {
    description: 'how long an HTTP request may take, from its start to the last byte of the answer',
    default: 30_000,
    unit: 'duration',
    check: atLeast(1),
    update: true,
  },
  httpBodyBytes: {
    description: 'longest body of an HTTP answer that is accepted, in bytes',
    default: 8_388_608,
    check: (value: number) =>
      (Number.isInteger(value) && value >= 1 && value <= 1_073_741_824) ||
      'bytes, from 1 to 1,073,741,824 (1 GiB)',
    update: true,
  },
  httpTlsVerify: { description: "check the HTTP server's certificate", default: true },
  httpTlsCa: { description: 'more CA certificates (PEM file) to trust for HTTPS', default: '' },
} as const satisfies Variables;

/** Values of {@link httpVariables}; times in milliseconds. */
export type HttpSettings = SettingsOf<typeof httpVariables>;
