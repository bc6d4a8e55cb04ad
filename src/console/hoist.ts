import type ts from 'typescript';

/** A script that is ready to run. */
export interface Script {
  code: string;
  /** Whether the code is an async function call, whose promise gives the value. */
  isAsync: boolean;
}

/**
 * Rewrites one input so that it can run again and again in one context: what it declares becomes a
 * global (so that declaring anew works), the last expression becomes its value, and it is wrapped in an
 * async function where it waits. What a `const` or `let` is given is awaited: in a shell one wants the
 * status, not the promise of it.
 */
export function hoist(typescript: typeof ts, javascript: string): Script {
  const linked = linkImports(typescript, parse(typescript, javascript));
  return new Rewriter(typescript, parse(typescript, linked)).rewrite();
}

/** What stands for `import(…)`: in a context of `vm` the language's own has no loader. */
export const IMPORT_FUNCTION = '$import';

function linkImports(typescript: typeof ts, source: ts.SourceFile): string {
  const places: number[] = [];
  const visit = (node: ts.Node): void => {
    if (
      node.kind === typescript.SyntaxKind.ImportKeyword &&
      typescript.isCallExpression(node.parent)
    ) {
      places.push(node.getStart(source));
    }
    node.forEachChild(visit);
  };
  visit(source);
  return places.reduceRight(
    (text, at) => text.slice(0, at) + IMPORT_FUNCTION + text.slice(at + 'import'.length),
    source.text,
  );
}

function parse(typescript: typeof ts, javascript: string): ts.SourceFile {
  return typescript.createSourceFile(
    'shell.js',
    javascript,
    {
      languageVersion: typescript.ScriptTarget.ESNext,
      // As in a module, `await` is a word of the language at the top.
      setExternalModuleIndicator: (file) => {
        (file as { externalModuleIndicator?: unknown }).externalModuleIndicator = true;
      },
    },
    true,
    typescript.ScriptKind.JS,
  );
}

class Rewriter {
  readonly #ts: typeof ts;
  readonly #source: ts.SourceFile;
  #isAsync = false;

  constructor(typescript: typeof ts, source: ts.SourceFile) {
    this.#ts = typescript;
    this.#source = source;
  }

  rewrite(): Script {
    const { statements } = this.#source;
    this.#isAsync = statements.some((statement) => this.#waits(statement));
    const functions: string[] = [];
    const rest: string[] = [];
    statements.forEach((statement, at) => {
      const isLast = at === statements.length - 1;
      const text = this.#statement(statement, isLast);
      (this.#ts.isFunctionDeclaration(statement) ? functions : rest).push(text);
    });
    const body = [...functions, ...rest].join('\n');
    if (!this.#isAsync) return { code: body, isAsync: false };
    return { code: `(async () => {\n${body}\n})()`, isAsync: true };
  }

  #statement(statement: ts.Statement, isLast: boolean): string {
    const typescript = this.#ts;
    const text = statement.getText(this.#source);
    if (typescript.isExpressionStatement(statement)) {
      if (!isLast) return text;
      const expression = statement.expression.getText(this.#source);
      return this.#isAsync ? `return (${expression});` : `(${expression});`;
    }
    if (typescript.isFunctionDeclaration(statement) || typescript.isClassDeclaration(statement)) {
      return statement.name === undefined ? text : `${statement.name.text} = ${text};`;
    }
    if (typescript.isVariableStatement(statement)) {
      return statement.declarationList.declarations
        .map((each) => this.#declaration(each))
        .join(' ');
    }
    if (typescript.isImportDeclaration(statement)) return this.#import(statement);
    return text;
  }

  #declaration({ name, initializer }: ts.VariableDeclaration): string {
    const target = name.getText(this.#source);
    const value = initializer === undefined ? 'undefined' : initializer.getText(this.#source);
    const given = this.#isAsync && initializer !== undefined ? `await (${value})` : value;
    return this.#ts.isIdentifier(name) ? `${target} = ${given};` : `(${target} = ${given});`;
  }

  /** `import a, { b as c } from 'x'` → `({ default: a, b: c } = await import('x'));` */
  #import({ importClause, moduleSpecifier }: ts.ImportDeclaration): string {
    const module = `await ${IMPORT_FUNCTION}(${moduleSpecifier.getText(this.#source)})`;
    if (importClause === undefined) return `${module};`;
    const { name, namedBindings } = importClause;
    const parts: string[] = [];
    if (name !== undefined) parts.push(`default: ${name.text}`);
    if (namedBindings !== undefined && this.#ts.isNamespaceImport(namedBindings)) {
      const namespace = namedBindings.name.text;
      const more = parts.length === 0 ? '' : ` ({ ${parts.join(', ')} } = ${namespace});`;
      return `${namespace} = ${module};${more}`;
    }
    for (const { propertyName, name: local } of namedBindings?.elements ?? []) {
      parts.push(`${propertyName?.getText(this.#source) ?? local.text}: ${local.text}`);
    }
    return `({ ${parts.join(', ')} } = ${module});`;
  }

  /** Whether a statement must run in an async function. */
  #waits(statement: ts.Statement): boolean {
    const typescript = this.#ts;
    if (typescript.isImportDeclaration(statement)) return true;
    if (typescript.isVariableStatement(statement)) {
      // A plain value needs no wait; a call may give a promise.
      return statement.declarationList.declarations.some(
        ({ initializer }) =>
          initializer !== undefined && this.#contains(initializer, isWait, isCall),
      );
    }
    return this.#contains(statement, isWait);

    function isWait(node: ts.Node): boolean {
      return (
        typescript.isAwaitExpression(node) ||
        (typescript.isForOfStatement(node) && node.awaitModifier !== undefined)
      );
    }
    function isCall(node: ts.Node): boolean {
      return typescript.isCallExpression(node);
    }
  }

  /** Whether a node outside of nested functions fits. */
  #contains(node: ts.Node, ...tests: ((node: ts.Node) => boolean)[]): boolean {
    if (tests.some((test) => test(node))) return true;
    if (this.#ts.isFunctionLike(node)) return false;
    return this.#ts.forEachChild(node, (child) => this.#contains(child, ...tests)) ?? false;
  }
}
