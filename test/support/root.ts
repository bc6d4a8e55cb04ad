import { fileURLToPath } from 'node:url';
import { packageRootOf } from '../../src/lib/system/package-root.ts';

/** Where the package under test is. */
export const ROOT = packageRootOf(fileURLToPath(import.meta.url));
