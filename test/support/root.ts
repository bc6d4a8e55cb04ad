import { fileURLToPath } from 'node:url';
import { packageRootOf } from '../../src/scenario/loader.ts';

/** Where the package under test is. */
export const ROOT = packageRootOf(fileURLToPath(import.meta.url));
