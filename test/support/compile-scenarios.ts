/**
 * Compiles the scenarios that several tests run into the cache that all tests share: one compiler for all of them takes
 * a tenth of a second for each, where the first one in each process takes two seconds and more.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listScenarios } from '../../src/scenario/catalogue.ts';
import { CompileCache } from '../../src/scenario/compile-cache.ts';
import { ScenarioCompiler } from '../../src/scenario/compiler.ts';
import { COMPILED } from './compiled.ts';
import { ROOT } from './root.ts';
import { badScenarios, chatty, talkers } from './scenarios.ts';

/** Some of them are there because they do not compile. */
async function compileAll(folder: string): Promise<void> {
  const places = { folder, packageRoot: ROOT, cacheFolder: COMPILED };
  const cache = new CompileCache(places);
  const compiler = new ScenarioCompiler(folder, ROOT);
  for (const name of listScenarios(folder)) {
    if (cache.find(name) !== undefined) continue;
    const built = await compiler.build(name).catch(() => undefined);
    if (built !== undefined) cache.keep(name, built);
  }
}

mkdirSync(COMPILED, { recursive: true, mode: 0o700 });
await compileAll(join(ROOT, 'scenarios'));
const folder = mkdtempSync(join(tmpdir(), 'amoc-scenarios-'));
try {
  for (const [name, source] of Object.entries({ ...badScenarios, chatty, talkers })) {
    writeFileSync(join(folder, `${name}.ts`), source);
  }
  await compileAll(folder);
} finally {
  rmSync(folder, { recursive: true });
}
