import { inspect } from 'node:util';
import { readCall } from '../commands/call.ts';
import type { Command } from '../commands/command.ts';
import { docOf } from '../commands/doc.ts';
import { commands, methodNames } from '../commands/index.ts';
import type { CommandName } from '../commands/index.ts';
import type { Control } from '../control/control.ts';
import { AmocError } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import { callingShell } from './shell/calling-shell.ts';
import { notTorn } from './shell/not-torn.ts';
import { document } from './views/help.ts';
import { renderers } from './views/renderers.ts';
import type { Renderer } from './views/renderers.ts';
import { shown } from './views/shown.ts';

type Method = (...values: unknown[]) => unknown;

/**
 * `amocLocal` or `amocDist` as it is typed: a method for each command, which checks its arguments and answers
 * with a plain object that prints as a sentence or a table. The error for an unknown name suggests a similar
 * one.
 */
export function typedCluster(control: Control): object {
  const methods: Record<string, Method> = {};
  for (const name of methodNames) methods[name] = methodOf(control, name);
  // At the prompt, a cluster without a command is a question.
  const text = `${control.name}: a cluster; help() lists its commands`;
  Object.defineProperty(methods, inspect.custom, { value: () => text, enumerable: false });
  const target = Object.freeze(methods);
  return new Proxy(target, {
    get(object, key): unknown {
      if (typeof key === 'symbol' || key in object) return Reflect.get(object, key);
      // JavaScript looks these up in every value that is awaited or printed.
      if (key === 'then' || key === 'toJSON' || key === 'constructor') return undefined;
      throw new AmocError(
        'ARGUMENT',
        `${control.name} has no '${key}'${didYouMean(key, methodNames)}`,
      );
    },
  });
}

/** The method of a command; `user(7)` gives an object with a method for each command about a user. */
function methodOf(control: Control, name: string): Method {
  const all: readonly (Command & { name: CommandName })[] = commands;
  const [command] = all.filter((each) => (each.of ?? each.name) === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  if (command.of === undefined) return document(call(control, command), docOf(command));
  const about = all.filter((each) => each.of === name);
  const method = (first: unknown): object =>
    Object.fromEntries(
      about.map((each) => {
        const run = call(control, each);
        return [each.name, (...values: unknown[]) => run(first, ...values)];
      }),
    );
  return document(method, docOf(command));
}

function call(control: Control, command: Command & { name: CommandName }): Method {
  const renderer = renderers[command.name] as Renderer<object>;
  return notTorn(async (...values: unknown[]) => {
    const { args, options } = readCall(command, values);
    const ask = async (): Promise<object> => (await command.run(control, args, options)) as object;
    const lend = renderer.live === undefined ? undefined : callingShell()?.operator.lend;
    if (lend !== undefined) {
      await lend(async (columns, paint) => renderer.live?.(await ask(), columns, paint) ?? '');
    }
    const result = await ask();
    const isLive = lend !== undefined;
    return shown(result, (paint) => renderer.text(result, paint, { args, options, isLive }));
  });
}
