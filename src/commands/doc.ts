import type { Command, Completes } from './command.ts';

/** One option of a command. */
export interface OptionDoc {
  readonly name: string;
  readonly description: string;
  readonly default: string;
}

/** The documentation of a command or of a function of the shell: the source of help and the README's table. */
export interface CommandDoc {
  readonly name: string;
  /** As it is typed, without the object in front. */
  readonly use: string;
  readonly summary: string;
  readonly details?: string;
  readonly options?: readonly OptionDoc[];
  readonly examples: readonly [string, ...string[]];
  readonly erlang?: string;
  /** What the first argument can be. */
  readonly completes?: Completes;
}

/** The documentation of a command. */
export function docOf(command: Command): CommandDoc {
  const { name, of, use, summary, details, options, examples, erlang } = command;
  return {
    name: of ?? name,
    use,
    summary,
    ...(details === undefined ? {} : { details }),
    options: Object.entries(options).map(([option, field]) => ({
      name: option,
      description: field.description,
      default: field.default ?? 'none',
    })),
    examples,
    ...(erlang === undefined ? {} : { erlang }),
  };
}
