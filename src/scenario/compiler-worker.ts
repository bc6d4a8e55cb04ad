/** The thread of {@link CompilerThread}. */
import { parentPort, workerData } from 'node:worker_threads';
import { AmocError, messageOf } from '../lib/errors.ts';
import { ScenarioCompiler } from './compiler.ts';
import type { CompileAnswer, CompileRequest, CompilerPlaces } from './compiler-thread.ts';

const { folder, packageRoot } = workerData as CompilerPlaces;
const compiler = new ScenarioCompiler(folder, packageRoot);

const answer = async (request: CompileRequest): Promise<CompileAnswer> => {
  const { id } = request;
  try {
    if (!('name' in request)) {
      await compiler.load();
      return { id, compiled: undefined };
    }
    return { id, compiled: await compiler.compile(request.name) };
  } catch (error) {
    const code = error instanceof AmocError ? error.code : undefined;
    return { id, failure: { code, message: messageOf(error) } };
  }
};

parentPort?.on('message', (request: CompileRequest) => {
  void answer(request).then((message) => parentPort?.postMessage(message));
});
