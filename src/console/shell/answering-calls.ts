import type { AnyNode, CallExpression, Expression, Node } from 'acorn';
import { fullAncestor } from 'acorn-walk';
import { commands, methodNames } from '../../commands/index.ts';
import { shellCommands } from '../shell-commands.ts';
import { outsideOfFunctions } from './syntax.ts';

/** What one statement, or a part of it, waits for. */
export interface Waits {
  /** Calls that may be commands, and whose values are used, not their promises. */
  readonly calls: readonly Expression[];
  /** Whether it has an `await` of its own. */
  readonly hasAwait: boolean;
}

/** Properties that use the promise itself. */
const ofPromises = ['then', 'catch', 'finally'];
/** Objects of the language with methods that are named like commands. */
const notClusters = ['console', 'Math', 'Promise'];
const names: ReadonlySet<string> = new Set([
  ...methodNames,
  ...[...commands, ...shellCommands].map(({ name }) => name),
]);

/**
 * Finds what a statement waits for, outside functions. A call whose property is read (`f().users`) may be a
 * command. A call with the name of a command is taken for one everywhere except where the promise is
 * wanted: before `then`, in `Promise.all([…])`, after `await` or `void`. Which of these calls are commands
 * shows when they are made.
 */
export function answeringCalls(root: Node): Waits {
  const calls = new Set<Expression>();
  const found = { await: false, eval: false };
  // In a statement such as a loop, names alone decide: it stays synchronous wherever it can.
  const isPlain = /Expression$|Literal$|^Identifier$/.test(root.type);
  fullAncestor(
    root,
    (node, _state, ancestors) => {
      if (node.type === 'AwaitExpression') found.await = true;
      if (node.type === 'ForOfStatement' && node.await) found.await = true;
      if (node.type !== 'CallExpression') return;
      found.eval ||= node.callee.type === 'Identifier' && node.callee.name === 'eval';
      const call = wholeCall(node, ancestors);
      if (call !== undefined && isWanted(node, call, ancestors, isPlain)) calls.add(call);
    },
    outsideOfFunctions,
  );
  // What eval() declares would be local to a function.
  return { calls: found.eval ? [] : [...calls], hasAwait: found.await };
}

/** The call, with the complete optional chain that it ends; `undefined` in the middle of a chain. */
function wholeCall(call: CallExpression, ancestors: readonly AnyNode[]): Expression | undefined {
  if (!isOptional(call)) return call;
  const parent = ancestors.at(-2);
  return parent?.type === 'ChainExpression' ? parent : undefined;
}

function isOptional(node: AnyNode): boolean {
  if (node.type === 'CallExpression') return node.optional || isOptional(node.callee);
  if (node.type === 'MemberExpression') return node.optional || isOptional(node.object);
  return false;
}

function isWanted(
  call: CallExpression,
  whole: Expression,
  ancestors: readonly AnyNode[],
  isPlain: boolean,
): boolean {
  const above = ancestors.slice(0, whole === call ? -1 : -2);
  const parent = above.at(-1);
  if (above.some(wantsPromises) || parent?.type === 'AwaitExpression') return false;
  // The call is the complete statement: it is awaited in any case.
  if (parent === undefined && isPlain) return false;
  const isOwner = parent?.type === 'MemberExpression' && parent.object === whole;
  if (isOwner && ofPromises.includes(propertyName(parent) ?? '')) return false;
  return (isOwner && isPlain) || isNamed(call);
}

function wantsPromises(node: AnyNode): boolean {
  if (node.type === 'UnaryExpression') return node.operator === 'void';
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false;
  const { object } = node.callee;
  return object.type === 'Identifier' && object.name === 'Promise';
}

function isNamed({ callee }: CallExpression): boolean {
  if (callee.type === 'Identifier') return names.has(callee.name);
  if (callee.type !== 'MemberExpression') return false;
  const { object } = callee;
  if (object.type === 'Identifier' && notClusters.includes(object.name)) return false;
  return names.has(propertyName(callee) ?? '');
}

function propertyName(member: AnyNode & { type: 'MemberExpression' }): string | undefined {
  const { property, computed } = member;
  if (!computed && property.type === 'Identifier') return property.name;
  return property.type === 'Literal' && typeof property.value === 'string'
    ? property.value
    : undefined;
}
