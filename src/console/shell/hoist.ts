import type {
  AnyNode,
  CallExpression,
  ClassDeclaration,
  Expression,
  ExpressionStatement,
  ImportDeclaration,
  ModuleDeclaration,
  Pattern,
  Statement,
  VariableDeclaration,
  VariableDeclarator,
} from 'acorn';
import { full, fullAncestor } from 'acorn-walk';
import { answeringCalls } from './answering-calls.ts';
import { Edits } from './edits.ts';
import type { Parsed } from './javascript.ts';
import { outsideOfFunctions } from './syntax.ts';

/** One statement of an input, ready to run as a script of its own. */
export interface Step {
  readonly code: string;
  /** Whether the code gives a promise of `{ value }` in place of the value. */
  readonly isAsync: boolean;
  /** Whether its value can be the value of the input. */
  readonly hasValue: boolean;
}

/** Replaces `import(…)`: in a `vm` context the language's own import has no loader. */
export const IMPORT_FUNCTION = '$import';
/** Tells whether a value is to be awaited: a promise, or an object like one. */
export const WAITS_FUNCTION = '$waits';
/** Tells whether a value is the answer of a shell command. */
export const ANSWERS_FUNCTION = '$answers';

/**
 * Splits an input into its statements, each a script of its own, so that a statement that gives a promise
 * can be awaited before the next one begins. No two statements are ever joined.
 *
 * What an input declares becomes a global, so that it can be declared again. The value that a variable gets
 * is awaited, and so is a shell command whose value an expression uses (`amocLocal.status().users`): at a
 * prompt the operator wants the status, not a promise of it. Code inside functions stays unchanged.
 */
export function hoist(parsed: Parsed): Step[] {
  return new Rewriter(parsed).steps();
}

class Rewriter {
  readonly #parsed: Parsed;
  readonly #edits: Edits;
  /** The beginning of our own names: no name in the text begins with it. */
  readonly #prefix: string;
  /** Our own names in the statement that is being rewritten. */
  #names: string[] = [];

  constructor(parsed: Parsed) {
    this.#parsed = parsed;
    this.#edits = new Edits(parsed.text);
    let prefix = '$$';
    while (parsed.text.includes(prefix)) prefix += '$';
    this.#prefix = prefix;
  }

  steps(): Step[] {
    const { program } = this.#parsed;
    full(program, (node) => {
      if (node.type !== 'ImportExpression') return;
      const { start } = node;
      this.#edits.replace({ start, end: start + 'import'.length }, IMPORT_FUNCTION);
    });
    return [
      ...this.#declaredBefore(program.body),
      ...program.body.flatMap((statement) => {
        this.#names = [];
        return this.#statement(statement);
      }),
    ];
  }

  /** Functions can be called, and `var` can be read, before their declaration. */
  #declaredBefore(statements: readonly (Statement | ModuleDeclaration)[]): Step[] {
    const parts = statements
      .filter(({ type }) => type === 'FunctionDeclaration')
      .map((statement) => this.#edits.textOf(statement));
    const names = statements.flatMap(variableNames);
    if (names.length > 0) parts.push(`var ${names.join(', ')};`);
    return parts.length === 0 ? [] : [sync(parts.join('\n'), false)];
  }

  #statement(statement: Statement | ModuleDeclaration): Step[] {
    switch (statement.type) {
      case 'EmptyStatement':
      case 'FunctionDeclaration':
        return [];
      case 'ClassDeclaration':
        return [this.#class(statement)];
      case 'VariableDeclaration':
        return statement.declarations.map((each) => this.#variable(each, statement));
      case 'ImportDeclaration':
        return [this.#import(statement)];
      case 'ExpressionStatement':
        return [this.#expression(statement)];
      default:
        return [this.#block(statement)];
    }
  }

  #class(statement: ClassDeclaration): Step {
    const isAsync = this.#awaitAnswers(statement);
    const code = `${statement.id.name} = ${this.#edits.textOf(statement)};`;
    return isAsync ? this.#async(code, false) : sync(code, false);
  }

  #variable({ id, init }: VariableDeclarator, { kind }: VariableDeclaration): Step {
    const target = this.#edits.textOf(id);
    if (init === null || init === undefined) {
      // `var a` keeps an existing value.
      return sync(kind === 'var' ? '' : `${target} = undefined;`, false);
    }
    const isSettled = this.#settle(init);
    const isAsync = this.#awaitAnswers(id, init) || isSettled;
    // The name stands alone, without brackets: an anonymous function takes its name from there.
    const given = `${this.#edits.textOf(id)} = ${bracketed(init, this.#edits.textOf(init))}`;
    const code = id.type === 'Identifier' ? given : `(${given})`;
    return isAsync ? this.#async(`return { value: (${code}) };`, true) : sync(`${code};`, true);
  }

  /** `import a, { b as c } from 'x'` → `({ default: a, b: c } = await $import('x'));` */
  #import({ specifiers, source }: ImportDeclaration): Step {
    const module = `await ${IMPORT_FUNCTION}(${this.#edits.textOf(source)})`;
    const parts: string[] = [];
    let namespace: string | undefined;
    for (const specifier of specifiers) {
      const { name } = specifier.local;
      if (specifier.type === 'ImportDefaultSpecifier') parts.push(`default: ${name}`);
      else if (specifier.type === 'ImportNamespaceSpecifier') namespace = name;
      else parts.push(`${this.#edits.textOf(specifier.imported)}: ${name}`);
    }
    const names = `{ ${parts.join(', ')} }`;
    if (namespace !== undefined) {
      const others = parts.length === 0 ? '' : ` (${names} = ${namespace});`;
      return this.#async(`${namespace} = ${module};${others}`, false);
    }
    return this.#async(parts.length === 0 ? `${module};` : `(${names} = ${module});`, false);
  }

  #expression(statement: ExpressionStatement): Step {
    const { expression } = statement;
    const assigned = assignedValue(expression);
    const isSettled = assigned !== undefined && this.#settle(assigned);
    const isAsync = this.#awaitAnswers(expression) || isSettled;
    // Unchanged, with its brackets: its beginning decides how JavaScript reads it.
    if (!isAsync) return sync(this.#edits.textOf(statement), true);
    return this.#async(`return { value: (${this.#edits.textOf(expression)}\n) };`, true);
  }

  /** `if`, `for`, `try`, a block … */
  #block(statement: Statement | ModuleDeclaration): Step {
    const hasValue = givesValue(statement);
    const isAsync = this.#awaitAnswers(statement);
    if (!isAsync) return sync(this.#edits.textOf(statement), hasValue);
    const value = this.#name();
    this.#keepValues(statement, value);
    const code = `${this.#edits.textOf(statement)}\nreturn { value: ${value} };`;
    return this.#async(code, hasValue);
  }

  /** Awaits the value that a variable gets, where it can be a promise. @returns whether it can */
  #settle(value: Expression): boolean {
    if (!canBePromise(value)) return false;
    this.#awaitIf(WAITS_FUNCTION, value);
    return true;
  }

  /** Awaits the commands whose value an expression uses. @returns whether anything is awaited */
  #awaitAnswers(
    ...nodes: readonly (Expression | Pattern | Statement | ModuleDeclaration)[]
  ): boolean {
    let waits = false;
    for (const node of nodes) {
      const { calls, hasAwait } = answeringCalls(node);
      for (const call of calls) this.#awaitIf(ANSWERS_FUNCTION, call);
      waits ||= hasAwait || calls.length > 0;
    }
    return waits;
  }

  #awaitIf(test: string, node: CallExpression | Expression): void {
    const name = this.#name();
    this.#edits.wrap(node, `(${test}(${name} = (`, `)) ? await ${name} : ${name})`);
  }

  /** In an asynchronous function a statement has no value of its own: the last value is put into `name`. */
  #keepValues(statement: Statement | ModuleDeclaration, name: string): void {
    fullAncestor(
      statement,
      (node, _state, ancestors) => {
        if (node.type === 'ExpressionStatement') {
          const hasEnd = this.#parsed.text[node.end - 1] === ';';
          const { start, end } = node;
          this.#edits.wrap({ start, end: hasEnd ? end - 1 : end }, `${name} = (`, ')');
        } else if (node.type === 'VariableDeclaration' && node.kind === 'var') {
          this.#assign(node, ancestors.at(-2));
        }
      },
      outsideOfFunctions,
    );
  }

  /** A `var` in an asynchronous function would be local to it, so the declaration becomes an assignment. */
  #assign(declaration: VariableDeclaration, parent: AnyNode | undefined): void {
    const { start, declarations } = declaration;
    const first = declarations[0] as VariableDeclarator;
    const isLoop = parent?.type === 'ForInStatement' || parent?.type === 'ForOfStatement';
    const isHead = isLoop && parent.left === declaration;
    this.#edits.replace({ start, end: first.start }, isHead ? '' : 'void 0, ');
    if (isHead) return;
    for (const declarator of declarations) {
      if (declarator.init !== null && declarator.init !== undefined) {
        this.#edits.wrap(declarator, '(', ')');
      }
    }
  }

  #name(): string {
    const name = `${this.#prefix}${this.#names.length}`;
    this.#names.push(name);
    return name;
  }

  #async(body: string, hasValue: boolean): Step {
    const names = this.#names.length === 0 ? '' : `let ${this.#names.join(', ')};\n`;
    const last = hasValue ? '' : '\nreturn {};';
    return { code: `(async () => {\n${names}${body}${last}\n})()`, isAsync: true, hasValue };
  }
}

function sync(code: string, hasValue: boolean): Step {
  return { code, isAsync: false, hasValue };
}

/** `a = b = value`: the value. */
function assignedValue(expression: Expression): Expression | undefined {
  if (expression.type !== 'AssignmentExpression') return undefined;
  return assignedValue(expression.right) ?? expression.right;
}

/** `const a = (1, 2)`: brackets are not part of the tree. */
function bracketed({ type }: Expression, text: string): string {
  return type === 'SequenceExpression' ? `(${text})` : text;
}

function canBePromise({ type }: Expression): boolean {
  switch (type) {
    case 'CallExpression':
    case 'ChainExpression':
    case 'ConditionalExpression':
    case 'Identifier':
    case 'ImportExpression':
    case 'LogicalExpression':
    case 'MemberExpression':
    case 'NewExpression':
    case 'SequenceExpression':
    case 'TaggedTemplateExpression':
      return true;
    default:
      return false;
  }
}

/** Whether a statement has a value in JavaScript: a block of declarations has none. */
function givesValue(statement: Statement | ModuleDeclaration): boolean {
  switch (statement.type) {
    case 'BlockStatement':
      return statement.body.some(givesValue);
    case 'LabeledStatement':
      return givesValue(statement.body);
    case 'ClassDeclaration':
    case 'DebuggerStatement':
    case 'EmptyStatement':
    case 'FunctionDeclaration':
    case 'VariableDeclaration':
      return false;
    default:
      return true;
  }
}

/** The names that `var` declares in a statement. */
function variableNames(statement: Statement | ModuleDeclaration): string[] {
  const names: string[] = [];
  full(
    statement,
    (node) => {
      if (node.type !== 'VariableDeclaration' || node.kind !== 'var') return;
      for (const { id } of node.declarations) names.push(...namesIn(id));
    },
    outsideOfFunctions,
  );
  return names;
}

function namesIn(pattern: Pattern): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((each) =>
        namesIn(each.type === 'RestElement' ? each.argument : each.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((each) => (each === null ? [] : namesIn(each)));
    case 'RestElement':
      return namesIn(pattern.argument);
    case 'AssignmentPattern':
      return namesIn(pattern.left);
    default:
      return [];
  }
}
