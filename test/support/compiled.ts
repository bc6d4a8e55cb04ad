import { join } from 'node:path';
import { ROOT } from './root.ts';

/**
 * The cache of compiled scenarios that all tests share. No test depends on what another one has put there: whatever is
 * missing is compiled.
 */
export const COMPILED = join(ROOT, '.cache', 'test', 'compiled');
