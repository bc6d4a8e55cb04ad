/** The thread of {@link CompilerThread}. */
import { parentPort, workerData } from 'node:worker_threads';
import { AmocError, messageOf } from '../lib/errors.ts';
import { ScenarioCompiler } from './compiler.ts';
import type { CompilerPlaces } from './compiler.ts';
import type { CompileAnswer, CompileRequest, CompilerWork } from './compiler-thread.ts';
import { TypeEraser } from './type-eraser.ts';

const { folder, packageRoot } = workerData as CompilerPlaces;
const compiler = new ScenarioCompiler(folder, packageRoot);
let eraser: Promise<TypeEraser> | undefined;

const work: CompilerWork = {
  load: () => compiler.load(),
  build: (name) => compiler.build(name),
  erase: async (text) => (await (eraser ??= TypeEraser.load())).erase(text),
};

const answer = async ({ id, kind, text }: CompileRequest): Promise<CompileAnswer> => {
  try {
    return { id, result: await work[kind](text) };
  } catch (error) {
    const code = error instanceof AmocError ? error.code : undefined;
    return { id, failure: { code, message: messageOf(error) } };
  }
};

parentPort?.on('message', (request: CompileRequest) => {
  void answer(request).then((message) => parentPort?.postMessage(message));
});
