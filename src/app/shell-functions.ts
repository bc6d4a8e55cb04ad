import { Console } from 'node:console';
import type { Writable } from 'node:stream';
import type pino from 'pino';
import { callingShell, notTorn, shellCommands, typedCluster } from '../console/shell/mod.ts';
import { document, help, renderLog, shown } from '../console/views/mod.ts';
import type { LogLine } from '../console/views/mod.ts';
import type { Control } from '../control/control.ts';
import { sleep } from '../lib/time/async.ts';
import { toMs } from '../lib/time/duration.ts';
import { AmocError } from '../lib/errors.ts';
import { withColours } from '../lib/text/foreign-text.ts';
import { LOG_LEVELS } from '../lib/text/names.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import { quote } from '../lib/text/quote.ts';
import { plural } from '../lib/text/plural.ts';
import { listScenarios } from '../scenario/catalogue.ts';
import { scenariosFolder } from './installation.ts';

const TAIL = 50;

/** What the functions work on. */
export interface ShellParts {
  controls: readonly [local: Control, distributed: Control];
  logger: pino.Logger;
  recent: () => readonly LogLine[];
  attached: () => readonly string[];
}

/** The globals of the shell: `amocLocal`, `amocDist`, `help()` and the others, and a `console`. */
export function shellFunctions(parts: ShellParts): Record<string, unknown> {
  const { controls, logger, recent, attached } = parts;
  const [local, distributed] = controls;
  const amocLocal = typedCluster(local);
  const amocDist = typedCluster(distributed);
  const functions = {
    help: (topic?: unknown) => help(topic),
    scenarios: () => {
      const names = listScenarios(scenariosFolder());
      return shown(names, () =>
        names.length === 0 ? `  none in ${scenariosFolder()}` : `  ${names.join(', ')}`,
      );
    },
    c: notTorn(async (name: unknown) => {
      if (typeof name !== 'string') {
        throw new AmocError('ARGUMENT', `c: the scenario must be a string, not ${quote(name)}`);
      }
      const value = await local.compile(name);
      const files = plural(value.files.length, 'file');
      return shown(value, () => `ok: ${name} compiles (${files})`);
    }),
    v: (number: unknown): unknown => callingShell()?.value(number),
    sleep: (duration: unknown) => sleep(toMs(duration as number)),
    user: (id: unknown): unknown => {
      const isDistributed = local.state.is === 'idle' && distributed.state.is !== 'idle';
      const object = isDistributed ? amocDist : amocLocal;
      return (object as { user(id: unknown): unknown }).user(id);
    },
    logLevel: notTorn(async (level: unknown) => {
      if (!LOG_LEVELS.includes(level as (typeof LOG_LEVELS)[number])) {
        throw new AmocError(
          'ARGUMENT',
          `logLevel: there is no level ${quote(level)}${didYouMean(level, LOG_LEVELS)}`,
        );
      }
      const text = level as (typeof LOG_LEVELS)[number];
      logger.level = text;
      await Promise.all(controls.map((control) => control.logLevel(text)));
      return shown({ level: text }, () => `ok: log lines of level ${text} and above are shown`);
    }),
    tail: (count: unknown = TAIL) => {
      if (typeof count !== 'number' || !Number.isInteger(count) || count < 1) {
        throw new AmocError('ARGUMENT', `tail: ${quote(count)} is not a number of lines, as in 50`);
      }
      // The lines of several processes arrive in batches.
      const lines = [...recent()].sort((a, b) => a.time - b.time).slice(-count);
      return shown(lines, (paint) =>
        lines.length === 0 ? '  nothing was logged' : renderLog(lines, paint),
      );
    },
    who: () => {
      const names = [...attached()];
      return shown(names, () => (names.length === 0 ? '  you alone' : `  ${names.join(', ')}`));
    },
    q: notTorn(() => callingShell()?.operator.leave()),
  };
  for (const doc of shellCommands) document(functions[doc.name], doc);
  return { ...functions, console: consoleOfCaller(logger), amocLocal, amocDist };
}

/** `console.log` and the like print above the prompt of the operator who typed them; other calls are logged. */
function consoleOfCaller(logger: pino.Logger): object {
  const consoles = new WeakMap<object, Console>();
  const current = (): Console => {
    const shell = callingShell();
    const key = shell ?? logger;
    const known = consoles.get(key);
    if (known !== undefined) return known;
    const made =
      shell === undefined
        ? consoleTo((text) => logger.info(text.trimEnd()), false)
        : // Typed code often prints the text of a server: of its control codes only colours are kept.
          consoleTo((text) => shell.print(withColours(text)), shell.operator.paint.level > 0);
    consoles.set(key, made);
    return made;
  };
  return new Proxy(console, {
    get: (_target, key) => Reflect.get(current(), key) as unknown,
  });
}

function consoleTo(print: (text: string) => void, colors: boolean): Console {
  // A Console that does not handle errors needs no more of its stream; a real stream has a state.
  const stream = { write: print } as unknown as Writable;
  return new Console({ stdout: stream, stderr: stream, colorMode: colors, ignoreErrors: false });
}
