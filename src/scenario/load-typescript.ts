import { createRequire } from 'node:module';
import type { create } from 'ts-node';
import type ts from 'typescript';

const require = createRequire(import.meta.url);

/** See {@link loadTypescript}. */
export interface TypescriptTools {
  readonly createService: typeof create;
  readonly typescript: typeof ts;
}

/**
 * Loads ts-node and TypeScript, the first time. An `import` would cost twice as much: to find the names of exports, it
 * searches the nine megabytes of TypeScript.
 */
export function loadTypescript(): Promise<TypescriptTools> {
  return new Promise((resolve) => {
    const { create: createService } = require('ts-node') as { create: typeof create };
    resolve({ createService, typescript: require('typescript') as typeof ts });
  });
}
