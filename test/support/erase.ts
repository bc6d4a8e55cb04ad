import type { Erase } from '../../src/console/shell/evaluator.ts';
import { TypeEraser } from '../../src/scenario/type-eraser.ts';

let eraser: Promise<TypeEraser> | undefined;

/** Erases types in this thread. */
export const erase: Erase = async (text) => (await (eraser ??= TypeEraser.load())).erase(text);
