import type {
  AnyNode,
  ImportDeclaration,
  ModuleDeclaration,
  Statement,
  VariableDeclarator,
} from 'acorn';
import { base, full } from 'acorn-walk';
import { parseJavaScript } from './javascript.ts';
import type { Parsed } from './javascript.ts';

/** A script that is ready to run. */
export interface Script {
  code: string;
  /** Whether the code is an async function call, whose promise gives the value. */
  isAsync: boolean;
}

/** What stands for `import(…)`: in a context of `vm` the language's own has no loader. */
export const IMPORT_FUNCTION = '$import';

/**
 * Rewrites one input so that it can run again and again in one context: what it declares becomes a
 * global (so that declaring anew works), the last expression becomes its value, and it is wrapped in an
 * async function where it waits. What a `const` or `let` is given is awaited: in a shell one wants the
 * status, not the promise of it.
 */
export function hoist(parsed: Parsed): Script {
  return new Rewriter(linkImports(parsed)).rewrite();
}

function linkImports(parsed: Parsed): Parsed {
  const places: number[] = [];
  full(parsed.program, (node) => {
    if (node.type === 'ImportExpression') places.push(node.start);
  });
  if (places.length === 0) return parsed;
  const text = places
    .sort((a, b) => b - a)
    .reduce(
      (linked, at) => linked.slice(0, at) + IMPORT_FUNCTION + linked.slice(at + 'import'.length),
      parsed.text,
    );
  return parseJavaScript(text) as Parsed;
}

class Rewriter {
  readonly #parsed: Parsed;
  #isAsync = false;

  constructor(parsed: Parsed) {
    this.#parsed = parsed;
  }

  rewrite(): Script {
    const { body: statements } = this.#parsed.program;
    this.#isAsync = statements.some(waits);
    const functions: string[] = [];
    const rest: string[] = [];
    statements.forEach((statement, at) => {
      const isLast = at === statements.length - 1;
      const text = this.#statement(statement, isLast);
      (statement.type === 'FunctionDeclaration' ? functions : rest).push(text);
    });
    const body = [...functions, ...rest].join('\n');
    if (!this.#isAsync) return { code: body, isAsync: false };
    return { code: `(async () => {\n${body}\n})()`, isAsync: true };
  }

  #textOf({ start, end }: { start: number; end: number }): string {
    return this.#parsed.text.slice(start, end);
  }

  #statement(statement: Statement | ModuleDeclaration, isLast: boolean): string {
    const text = this.#textOf(statement);
    switch (statement.type) {
      case 'ExpressionStatement': {
        if (!isLast) return text;
        const expression = this.#textOf(statement.expression);
        return this.#isAsync ? `return (${expression});` : `(${expression});`;
      }
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
        return `${statement.id.name} = ${text};`;
      case 'VariableDeclaration':
        return statement.declarations.map((each) => this.#declaration(each)).join(' ');
      case 'ImportDeclaration':
        return this.#import(statement);
      default:
        return text;
    }
  }

  #declaration({ id, init }: VariableDeclarator): string {
    const target = this.#textOf(id);
    const hasValue = init !== null && init !== undefined;
    const value = hasValue ? this.#textOf(init) : 'undefined';
    const given = this.#isAsync && hasValue ? `await (${value})` : value;
    return id.type === 'Identifier' ? `${target} = ${given};` : `(${target} = ${given});`;
  }

  /** `import a, { b as c } from 'x'` → `({ default: a, b: c } = await $import('x'));` */
  #import({ specifiers, source }: ImportDeclaration): string {
    const module = `await ${IMPORT_FUNCTION}(${this.#textOf(source)})`;
    const parts: string[] = [];
    let namespace: string | undefined;
    for (const specifier of specifiers) {
      const { name } = specifier.local;
      if (specifier.type === 'ImportDefaultSpecifier') parts.push(`default: ${name}`);
      else if (specifier.type === 'ImportNamespaceSpecifier') namespace = name;
      else parts.push(`${this.#textOf(specifier.imported)}: ${name}`);
    }
    const names = `{ ${parts.join(', ')} }`;
    if (namespace !== undefined) {
      return `${namespace} = ${module};${parts.length === 0 ? '' : ` (${names} = ${namespace});`}`;
    }
    return parts.length === 0 ? `${module};` : `(${names} = ${module});`;
  }
}

/** Whether a statement must run in an async function. */
function waits(statement: Statement | ModuleDeclaration): boolean {
  if (statement.type === 'ImportDeclaration') return true;
  if (statement.type === 'VariableDeclaration') {
    // A plain value needs no wait; a call may give a promise.
    return statement.declarations.some(
      ({ init }) =>
        init !== null &&
        init !== undefined &&
        contains(init, (node) => isWait(node) || node.type === 'CallExpression'),
    );
  }
  return contains(statement, isWait);
}

function isWait(node: AnyNode): boolean {
  return node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await);
}

/** Everything but what is inside of functions. */
const outsideOfFunctions = { ...base, Function: () => {} };

function contains(node: AnyNode, test: (node: AnyNode) => boolean): boolean {
  let isFound = false;
  full(node, (each) => (isFound ||= test(each)), outsideOfFunctions);
  return isFound;
}
