import type ts from 'typescript';

/** An import in a module's source. */
export interface SourceImport {
  readonly specifier: string;
  /** Whether the syntax says that only types are meant. */
  readonly isType: boolean;
}

/** The string literals that the argument of an `import()` may evaluate to, as far as they are written there. */
export function literalsOf(typescript: typeof ts, argument: ts.Expression): ts.StringLiteralLike[] {
  if (typescript.isStringLiteralLike(argument)) return [argument];
  if (typescript.isParenthesizedExpression(argument)) {
    return literalsOf(typescript, argument.expression);
  }
  if (typescript.isConditionalExpression(argument)) {
    const { whenTrue, whenFalse } = argument;
    return [...literalsOf(typescript, whenTrue), ...literalsOf(typescript, whenFalse)];
  }
  return [];
}

/** What the argument of an `import()` certainly begins with: `./lib/` of `'./lib/' + name`. */
export function prefixOf(typescript: typeof ts, argument: ts.Expression): string {
  if (typescript.isStringLiteralLike(argument)) return argument.text;
  if (typescript.isTemplateExpression(argument)) return argument.head.text;
  if (typescript.isParenthesizedExpression(argument)) {
    return prefixOf(typescript, argument.expression);
  }
  if (
    typescript.isBinaryExpression(argument) &&
    argument.operatorToken.kind === typescript.SyntaxKind.PlusToken
  ) {
    let first: ts.Expression = argument;
    // A loop, not recursion: sums may be thousands of terms long.
    while (typescript.isBinaryExpression(first)) first = first.left;
    return prefixOf(typescript, first);
  }
  // TypeScript wraps an argument that it does not know, to replace `.ts` in it at run time.
  if (typescript.isCallExpression(argument)) {
    const { expression, arguments: given } = argument;
    const isWrapper =
      typescript.isIdentifier(expression) && expression.text === '__rewriteRelativeImportExtension';
    if (isWrapper && given[0] !== undefined) return prefixOf(typescript, given[0]);
  }
  return '';
}

/** Whether a node is a call of `import()` with an argument. */
export function isImportCall(typescript: typeof ts, node: ts.Node): node is ts.CallExpression {
  return (
    typescript.isCallExpression(node) &&
    node.expression.kind === typescript.SyntaxKind.ImportKeyword &&
    node.arguments.length > 0
  );
}

/** Every import of a source, also of types, in the order of the text: what a check must look at. */
export function importsIn(typescript: typeof ts, source: ts.SourceFile): SourceImport[] {
  const found: (SourceImport & { at: number })[] = [];
  const add = (node: ts.Node | undefined, isType: boolean): void => {
    if (node === undefined || !typescript.isStringLiteralLike(node)) return;
    found.push({ specifier: node.text, isType, at: node.pos });
  };
  for (const node of nodesOf(typescript, source)) {
    if (typescript.isImportDeclaration(node)) {
      const isType =
        node.importClause?.phaseModifier === typescript.SyntaxKind.TypeKeyword ||
        namesOnlyTypes(typescript, node.importClause);
      add(node.moduleSpecifier, isType);
    } else if (typescript.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (typescript.isImportEqualsDeclaration(node)) {
      const { moduleReference } = node;
      if (typescript.isExternalModuleReference(moduleReference)) {
        add(moduleReference.expression, node.isTypeOnly);
      }
    } else if (typescript.isImportTypeNode(node)) {
      if (typescript.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    } else if (typescript.isModuleDeclaration(node)) {
      add(node.name, true);
    } else if (isImportCall(typescript, node)) {
      for (const each of literalsOf(typescript, node.arguments[0] as ts.Expression)) {
        add(each, false);
      }
    }
  }
  return found.sort((a, b) => a.at - b.at).map(({ specifier, isType }) => ({ specifier, isType }));
}

/** A node and all nodes below it; not recursive, because expressions may be nested deeper than the stack allows. */
export function* nodesOf(typescript: typeof ts, root: ts.Node): Generator<ts.Node> {
  const left: ts.Node[] = [root];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    yield node;
    typescript.forEachChild(node, (child) => {
      left.push(child);
    });
  }
}

/** `import { type A, type B } from …`, which TypeScript leaves out completely. */
function namesOnlyTypes(typescript: typeof ts, clause: ts.ImportClause | undefined): boolean {
  if (clause?.name !== undefined) return false;
  const names = clause?.namedBindings;
  if (names === undefined || !typescript.isNamedImports(names)) return false;
  return names.elements.length > 0 && names.elements.every(({ isTypeOnly }) => isTypeOnly);
}
