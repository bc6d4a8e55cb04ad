import { readFileSync } from 'node:fs';
import inspector from 'node:inspector';
import type { Debugger } from 'node:inspector';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { withTimeout } from '../lib/time/async.ts';
import { inlineSourceMap } from '../lib/text/inline-source-map.ts';
import type { StackFrame } from '../protocol/messages.ts';

const PAUSE_TIMEOUT_MS = 1500;
const MAX_FRAMES = 20;

/**
 * The stack of the main thread, seen from a worker thread: pauses the main thread through the inspector,
 * reads the call frames and resumes it. Positions are those of the TypeScript source when there is a source
 * map.
 *
 * @throws when the main thread does not pause in time, as in a blocking system call.
 */
export async function stackOfMainThread(): Promise<StackFrame[]> {
  const session = new inspector.Session();
  session.connectToMainThread();
  try {
    const urls = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url));
    const paused = new Promise<Debugger.CallFrame[]>((resolve) => {
      session.once('Debugger.paused', ({ params }) => resolve(params.callFrames));
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
    const callFrames = await withTimeout(paused, PAUSE_TIMEOUT_MS, 'the pause');
    session.post('Debugger.resume');
    return callFrames.slice(0, MAX_FRAMES).map((frame) => placeOf(frame, urls));
  } finally {
    session.post('Debugger.disable');
    session.disconnect();
  }
}

function placeOf(frame: Debugger.CallFrame, urls: ReadonlyMap<string, string>): StackFrame {
  const { scriptId, lineNumber, columnNumber = 0 } = frame.location;
  const url = urls.get(scriptId) ?? frame.url;
  const original = originalPlace(url, lineNumber, columnNumber);
  return {
    function: frame.functionName === '' ? '(anonymous)' : frame.functionName,
    file: original?.file ?? url,
    line: original?.line ?? lineNumber + 1,
    column: original?.column ?? columnNumber + 1,
  };
}

/** Follows the source map that compiled scenarios carry in their last line. */
function originalPlace(
  url: string,
  line: number,
  column: number,
): { file: string; line: number; column: number } | undefined {
  if (!url.startsWith('file:')) return undefined;
  try {
    const code = readFileSync(fileURLToPath(url), 'utf8');
    const payload = inlineSourceMap(code);
    if (payload === undefined) return undefined;
    const map = new SourceMap(payload as ConstructorParameters<typeof SourceMap>[0]);
    const entry = map.findEntry(line, column);
    if (!('originalSource' in entry)) return undefined;
    return {
      file: entry.originalSource,
      line: entry.originalLine + 1,
      column: entry.originalColumn + 1,
    };
  } catch {
    return undefined;
  }
}
