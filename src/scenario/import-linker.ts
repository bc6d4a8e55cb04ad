import { posix } from 'node:path';
import type ts from 'typescript';
import { bareFault, isRelative, outputPath, packageToInstall } from './import-resolver.ts';
import type { ImportResolver } from './import-resolver.ts';
import { isImportCall, literalsOf, nodesOf, prefixOf } from './imports.ts';
import { jsonModulePath } from './json-module.ts';

/** What a module imports at run time. */
export interface RuntimeImports {
  /** Files of code, absolute. */
  readonly modules: Set<string>;
  /** JSON files, absolute. */
  readonly json: Set<string>;
  readonly packages: Set<string>;
  /** Imports whose relative path is known at run time only. */
  readonly computed: { readonly prefix: string; readonly line: number }[];
  /** Imports that cannot travel: `'SPECIFIER', which …`. */
  readonly faults: string[];
}

/**
 * Finds the imports that are left in a module when TypeScript has taken the types away, and writes the names of
 * the compiled files into them. This is the last step of the emit, so that the source map is right.
 */
export class ImportLinker {
  readonly #typescript: typeof ts;
  readonly #resolver: ImportResolver;
  readonly #folder: string;
  readonly #found = new Map<string, RuntimeImports>();

  constructor(typescript: typeof ts, resolver: ImportResolver, folder: string) {
    this.#typescript = typescript;
    this.#resolver = resolver;
    this.#folder = folder;
  }

  /** The imports that the last emit of a file has found. */
  importsOf(file: string): RuntimeImports {
    return this.#found.get(file) ?? noImports();
  }

  /** The step of the emit. */
  readonly transformer: ts.TransformerFactory<ts.SourceFile> = (context) => (source) => {
    const typescript = this.#typescript;
    const found = noImports();
    this.#found.set(source.fileName, found);
    let hasCalls = false;
    for (const node of nodesOf(typescript, source)) hasCalls ||= isImportCall(typescript, node);
    const visit = (node: ts.Node): ts.Node => {
      if (typescript.isImportDeclaration(node)) return this.#linkImport(source, found, node);
      if (typescript.isExportDeclaration(node)) return this.#linkExport(source, found, node);
      // Without a call nothing below a statement needs to be visited.
      if (!hasCalls) return node;
      const inside = typescript.visitEachChild(node, visit, context);
      return isImportCall(typescript, inside) ? this.#linkCall(source, found, inside) : inside;
    };
    return typescript.visitEachChild(source, visit, context);
  };

  #linkImport(source: ts.SourceFile, found: RuntimeImports, node: ts.ImportDeclaration): ts.Node {
    const linked = this.#link(source, found, node.moduleSpecifier);
    if (linked === undefined) return node;
    return this.#typescript.factory.updateImportDeclaration(
      node,
      node.modifiers,
      node.importClause,
      linked.specifier,
      linked.isJson ? undefined : node.attributes,
    );
  }

  #linkExport(source: ts.SourceFile, found: RuntimeImports, node: ts.ExportDeclaration): ts.Node {
    const linked = this.#link(source, found, node.moduleSpecifier);
    if (linked === undefined) return node;
    return this.#typescript.factory.updateExportDeclaration(
      node,
      node.modifiers,
      node.isTypeOnly,
      node.exportClause,
      linked.specifier,
      linked.isJson ? undefined : node.attributes,
    );
  }

  #linkCall(source: ts.SourceFile, found: RuntimeImports, node: ts.CallExpression): ts.Node {
    const typescript = this.#typescript;
    const [argument, ...options] = node.arguments as readonly ts.Expression[] as [
      ts.Expression,
      ...ts.Expression[],
    ];
    const literals = literalsOf(typescript, argument);
    if (literals.length === 0) {
      const prefix = prefixOf(typescript, argument);
      if (isRelative(prefix)) found.computed.push({ prefix, line: lineOf(typescript, node) });
      return node;
    }
    const links = new Map(literals.map((each) => [each, this.#link(source, found, each)]));
    const hasJson = [...links.values()].some((link) => link?.isJson);
    const replace = (expression: ts.Expression): ts.Expression => {
      if (typescript.isParenthesizedExpression(expression)) {
        const { factory } = typescript;
        return factory.updateParenthesizedExpression(expression, replace(expression.expression));
      }
      if (typescript.isConditionalExpression(expression)) {
        return typescript.factory.updateConditionalExpression(
          expression,
          expression.condition,
          expression.questionToken,
          replace(expression.whenTrue),
          expression.colonToken,
          replace(expression.whenFalse),
        );
      }
      return links.get(expression as ts.StringLiteralLike)?.specifier ?? expression;
    };
    const replaced = replace(argument);
    return typescript.factory.updateCallExpression(
      node,
      node.expression,
      node.typeArguments,
      hasJson ? [replaced] : [replaced, ...options],
    );
  }

  /** @returns the specifier to write instead; `undefined` when it stays */
  #link(
    { fileName }: ts.SourceFile,
    found: RuntimeImports,
    node: ts.Node | undefined,
  ): { specifier: ts.StringLiteral; isJson: boolean } | undefined {
    if (node === undefined || !this.#typescript.isStringLiteralLike(node)) return undefined;
    const specifier = node.text;
    if (!isRelative(specifier)) {
      const fault = bareFault(specifier);
      const needed = packageToInstall(specifier);
      if (fault !== undefined) found.faults.push(`'${specifier}', ${fault}`);
      else if (needed !== undefined) found.packages.add(needed);
      return undefined;
    }
    const { target } = this.#resolver.resolve(fileName, specifier);
    if (target.kind === 'fault') {
      found.faults.push(`'${specifier}', ${target.why}`);
      return undefined;
    }
    const isJson = target.kind === 'json';
    (isJson ? found.json : found.modules).add(target.file);
    const path = isJson
      ? jsonModulePath(this.#folder, target.file)
      : outputPath(this.#folder, target.file);
    const from = posix.dirname(outputPath(this.#folder, fileName));
    const linked = this.#typescript.factory.createStringLiteral(asSpecifier(from, path));
    this.#typescript.setSourceMapRange(linked, this.#typescript.getSourceMapRange(node));
    return { specifier: linked, isJson };
  }
}

/** A path as a specifier for Node.js, which reads relative specifiers as URLs. */
function asSpecifier(from: string, path: string): string {
  const parts = posix.relative(from, path).split('/').map(encodeURIComponent);
  return parts[0] === '..' ? parts.join('/') : ['.', ...parts].join('/');
}

function lineOf(typescript: typeof ts, node: ts.Node): number {
  const original = typescript.getOriginalNode(node);
  const source = original.getSourceFile();
  return source.getLineAndCharacterOfPosition(original.getStart(source)).line + 1;
}

function noImports(): RuntimeImports {
  return {
    modules: new Set(),
    json: new Set(),
    packages: new Set(),
    computed: [],
    faults: [],
  };
}
