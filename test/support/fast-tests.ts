import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { ROOT } from './root.ts';

/** Modules with which a test starts a process or a thread, listens or connects, or loads the TypeScript compiler. */
const slow =
  /^(node:(child_process|worker_threads|cluster|net|tls|http|https|http2|dgram)|ws|ts-node|typescript|playwright-core)$/;

/** What a module of `src` calls to do so itself. */
const slowCalls =
  /\b(spawn|fork|execFile|createServer|createSecureServer|createHttpServer|new Worker|new WebSocketServer)\(|\brequire\('(ts-node|typescript)'\)|\bloadTypescript\(/;

const imported =
  /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm;

const sources = new Map<string, string>();
const sourceOf = (file: string): string => {
  const text = sources.get(file) ?? readFileSync(file, 'utf8');
  sources.set(file, text);
  return text;
};

/** What a file imports, without what it imports as types only. */
function importsOf(file: string): string[] {
  const specifiers = [...sourceOf(file).matchAll(imported)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  return specifiers.map((name) => (name.startsWith('.') ? resolve(dirname(file), name) : name));
}

/** Every file with tests, as the path of its source below the package. */
export function allTests(): string[] {
  return readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .sort();
}

/**
 * Why a test is not fast. Fast is a test if neither it nor what it imports from `test/` imports a module that starts
 * processes or threads, opens sockets, or compiles TypeScript, and if what they import from `src/` calls none of that
 * itself. What this rule cannot see, `fast-guard.ts` refuses while the test runs.
 *
 * @returns the chain of imports, or undefined if the test is fast
 */
export function whyNotFast(test: string): string[] | undefined {
  const seen = new Set<string>();
  const look = (file: string, chain: readonly string[]): string[] | undefined => {
    if (seen.has(file)) return undefined;
    seen.add(file);
    for (const name of importsOf(file)) {
      const isOurs = name.startsWith(ROOT) && existsSync(name);
      const next = [...chain, isOurs ? relative(ROOT, name) : name];
      if (slow.test(name)) return next;
      if (!isOurs) continue;
      if (name.startsWith(join(ROOT, 'src'))) {
        if (slowCalls.test(sourceOf(name))) return next;
      } else {
        const why = look(name, next);
        if (why !== undefined) return why;
      }
    }
    return undefined;
  };
  return look(join(ROOT, test), [test]);
}
