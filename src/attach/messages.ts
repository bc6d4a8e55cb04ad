import { z } from 'zod';
import { isNestedBeyond } from '../lib/text/json-nesting.ts';

/** Raised when a message changes its meaning: a console and its node may be of different releases. */
export const ATTACH_VERSION = 1;

/** Time limit for an answer of either side: on a machine under load a node may get no CPU time for seconds. */
export const ANSWER_MS = 20_000;

/** The longest message of either side, in bytes. */
export const MAX_BYTES = 16 * 1024 * 1024;

/** The deepest nesting of a message; real messages stay far below it. */
const MAX_NESTING = 100;

const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** The widest terminal. */
export const MAX_COLUMNS = 10_000;
/** The longest input that is sent, in characters: longer than what a shell evaluates. */
export const MAX_LINE_LENGTH = 300 * 1024;

const columns = z.number().int().min(1).max(MAX_COLUMNS);
const line = z.string().max(MAX_LINE_LENGTH);

/** The messages of a console to its node. */
export const fromConsole = z.discriminatedUnion('type', [
  /** The first message; `colors` is chalk's level. */
  z.object({
    type: z.literal('hello'),
    version: z.number().int(),
    who: z.string().regex(/^[\w.@/-]{1,100}$/),
    colors: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
    /** Without log lines, and without being announced: for a command, not for an operator at a prompt. */
    quiet: z.boolean(),
  }),
  /** `json`: whether to answer with the value as JSON, in place of text for people. */
  z.object({ type: z.literal('run'), id, text: line, json: z.boolean() }),
  /** Ctrl+C: ends the wait for an input. */
  z.object({ type: z.literal('interrupt'), id }),
  z.object({ type: z.literal('complete'), id, line }),
  /** Asks for one picture, while the full screen is lent. */
  z.object({ type: z.literal('draw'), id, columns }),
  z.object({ type: z.literal('return') }),
]);

/** See {@link fromConsole}. */
export type FromConsole = z.infer<typeof fromConsole>;

const outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('empty') }),
  z.object({ kind: z.literal('incomplete') }),
  z.object({ kind: z.literal('ok'), text: z.string() }),
  z.object({ kind: z.literal('error'), text: z.string() }),
]);

/** The messages of a node to a console. */
export const fromNode = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    version: z.number().int(),
    /** The text to show first. */
    banner: z.string(),
    name: z.string(),
    pid: z.number().int(),
    number: z.number().int(),
  }),
  /** `isError`: an error that no input waits for. */
  z.object({ type: z.literal('print'), text: z.string(), isError: z.boolean().optional() }),
  z.object({ type: z.literal('outcome'), id, outcome, number: z.number().int() }),
  /** `about`: a description for each name; a node of an older release has none. */
  z.object({
    type: z.literal('completion'),
    id,
    names: z.array(z.string()),
    part: z.string(),
    about: z.array(z.string()).optional(),
  }),
  z.object({ type: z.literal('lend') }),
  z.object({ type: z.literal('drawn'), id, text: z.string() }),
  /** `q()` was typed. */
  z.object({ type: z.literal('leave') }),
  /** The node ends, or sends this console away. */
  z.object({ type: z.literal('bye'), reason: z.string() }),
]);

/** See {@link fromNode}. */
export type FromNode = z.infer<typeof fromNode>;

/** Reads one message. @returns `undefined` for an invalid message */
export function decode<T>(schema: z.ZodType<T>, data: unknown): T | undefined {
  try {
    const text = String(data);
    if (isNestedBeyond(text, MAX_NESTING)) return undefined;
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
