#!/usr/bin/env node
import { existsSync } from 'node:fs';

/** The open files that Node.js, amoc's own modules and a few connections need. */
const LEAST_FILES = 256;

const main = new URL('../dist/src/cli/main.js', import.meta.url);
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`amoc needs Node.js 20.19 or later; this is ${process.versions.node}`);
  process.exitCode = 2;
} else if (!existsSync(main)) {
  console.error('amoc is not built yet; run: make build');
  process.exitCode = 2;
} else {
  // Checked before all other modules are loaded: the limit may be too low for them.
  const { systemLimits } = await import(new URL('../lib/system/limits.js', main).href);
  const { openFiles = Infinity } = systemLimits();
  if (openFiles < LEAST_FILES) {
    console.error(
      `amoc: a process may open ${openFiles} files here; amoc needs ${LEAST_FILES}, and one more for each connection of its users. Set the limit first, as in: ulimit -n 65536`,
    );
    process.exitCode = 2;
  } else {
    await import(main.href);
  }
}
