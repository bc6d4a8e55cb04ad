import assert from 'node:assert/strict';
import { join, posix } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'acorn';
import { full } from 'acorn-walk';
import fc from 'fast-check';
import ts from 'typescript';
import { scenarioOptions } from '../../src/scenario/compiler-options.ts';
import { ImportLinker } from '../../src/scenario/import-linker.ts';
import { ImportResolver } from '../../src/scenario/import-resolver.ts';
import { importsIn } from '../../src/scenario/imports.ts';
import { Project } from '../support/project.ts';

const files = ['lib/a.ts', 'lib/b b#.ts', 'lib/größe.mts', 'lib/plain.js'];
const specifiers = [
  './lib/a.js',
  './lib/a.ts',
  './lib/a',
  './lib/b b#.js',
  './lib/größe.mjs',
  './lib/plain.js',
  './data.json',
  'ltx',
  '@xmpp/client/lib/x.js',
  'node:fs',
  'path',
];

/** Texts that show imports and are none, or that a scanner loses its way in; `N` makes names differ. */
const distractions = [
  'const rN = /`/;',
  'const rN = /[\'"]/g;',
  'const rN = /[/`]/.test("`");',
  'const xN = 4, gN = 2; const yN = xN / 2 / gN;',
  "const tN = `import('./gone.js')`;",
  'const tN = `${`${"`"}`} import x from "./gone.js"`;',
  'const tN = `\n  import "./gone.js";\n`;',
  "// import './gone.js' it's `\n",
  "/* import('./gone.js') ` */",
  'const sN = "import(\'./gone.js\')";',
  'const fN = <T,>(x: T): T => x;',
  'const cN = <unknown>3;',
  'const aN = { import: 1 }.import;',
  'class CN { import(x: string) { return x; } m() { return this.import("./gone.js"); } }',
  'const uN = import.meta.url;',
  'type TN = typeof import("./lib/a.js");',
  'import type { X as XN } from "./gone-types.js";',
  'import { type Y as YN } from "./gone-types.js";',
  'export type { Z as ZN } from "gone-types";',
  'interface IN { a: import("gone-types").B }',
  'const nN = 1 < 2, mN = 3 > (2);',
  'const eN = ((aN: number) => aN)(1) / 2; // /',
  'enum EN { A = 1, B = "`" as any }',
  'label_N: for (;;) { break label_N; }',
];

/** Imports of each kind; `S` is the specifier. */
const imports = [
  'import S;',
  'import dN from S; void dN;',
  'import * as allN from S; void allN;',
  'import { a as iN, type B as BN } from S; void iN;',
  'export * from S;',
  'export * as nsN from S;',
  'export { x as xxN } from S;',
  'void import(S);',
  'const lazyN = async () => (await import(S)).default;',
  'void import(/* ` */ (S));',
  'void import(Math.random() > 2 ? S : "node:os");',
  'const inN = `${await import(S)}`;',
  'class KN { static x = import(S); }',
];

const source = fc.array(
  fc.oneof(
    fc.constantFrom(...distractions),
    fc
      .tuple(fc.constantFrom(...imports), fc.constantFrom(...specifiers), fc.constantFrom('"', "'"))
      .map(([text, specifier, quote]) => text.replaceAll('S', quote + specifier + quote)),
  ),
  { maxLength: 12 },
);

/** What Node.js would import of a module, by another parser. */
function importsOf(code: string): Set<string> {
  const found = new Set<string>();
  const add = (node: unknown): void => {
    const each = node as Record<string, unknown> & { type: string };
    if (each.type === 'Literal') found.add(String(each['value']));
    if (each.type === 'ConditionalExpression') {
      add(each['consequent']);
      add(each['alternate']);
    }
  };
  full(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }), (node) => {
    const { source: from } = node as unknown as { source?: unknown };
    const isImport = /^(?:Import|Export(?:All|Named))(?:Declaration|Expression)$/.test(node.type);
    if (isImport && from !== undefined && from !== null) add(from);
  });
  return found;
}

describe('the search for imports', () => {
  it('finds what Node.js would import, whatever stands around it', () => {
    using project = new Project();
    const folder = join(project.folder, 'scenarios');
    for (const file of files) project.write(`scenarios/${file}`, 'export {};\n');
    project.write('scenarios/data.json', '{}');
    const compilerOptions = ts.convertCompilerOptionsFromJson(scenarioOptions, folder).options;
    const resolver = new ImportResolver(ts, compilerOptions, folder);
    const linker = new ImportLinker(ts, resolver, folder);
    const fileName = join(folder, 'main.ts');
    const targetOf = (specifier: string): string => {
      const plain = specifier.startsWith('.') ? `./${posix.normalize(specifier)}` : specifier;
      return decodeURIComponent(plain);
    };
    fc.assert(
      fc.property(source, (fragments) => {
        const text = fragments.map((each, at) => each.replaceAll(/N\b/g, `_${at}`)).join('\n');
        const transpile = (after: ts.TransformerFactory<ts.SourceFile>[]): string =>
          ts.transpileModule(text, { fileName, compilerOptions, transformers: { after } })
            .outputText;
        const wanted = importsOf(transpile([]));
        const linked = importsOf(transpile([linker.transformer]));
        const found = linker.importsOf(fileName);
        assert.deepEqual(found.faults, []);
        // Every import that Node.js sees was found, and nothing else.
        const relative = [...wanted].filter((each) => each.startsWith('.'));
        const targets = relative.map((each) => resolver.resolve(fileName, each).source);
        assert.deepEqual(new Set([...found.modules, ...found.json]), new Set(targets));
        const bare = [...wanted].filter((each) => /^(?:ltx|@)/.test(each));
        assert.deepEqual(
          found.packages,
          new Set(bare.map((each) => (each === 'ltx' ? each : '@xmpp/client'))),
        );
        // What was written in its place is the path of the compiled file.
        const outputs = new Set(
          [...wanted].map((each) =>
            each.startsWith('./lib')
              ? each.replace(/(?:\.[jt]s)?$/, '').replace(/\.mjs$|$/, (end) => end || '.js')
              : each.replace(/\.json$/, '.json.js'),
          ),
        );
        assert.deepEqual(new Set([...linked].map(targetOf)), outputs);
        // The check of types looks at all of them.
        const tree = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest);
        const seen = new Set(importsIn(ts, tree).map(({ specifier }) => specifier));
        for (const each of wanted) assert.ok(seen.has(each), each);
      }),
      { numRuns: 300 },
    );
  });
});
