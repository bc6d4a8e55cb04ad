import { AmocError, messageOf } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import { defaultValue, demandUnit, environmentName, readValue } from './variable.ts';
import type { SettingValue, Settings, Variable, Variables } from './variable.ts';

/** The sources of values, the weakest first: default < file < environment < call. */
export interface SettingSources {
  /** `amoc.json`: settings by name; those of one scenario under the scenario's name. */
  file?: Readonly<Record<string, unknown>> | undefined;
  /** `AMOC_…` variables. */
  environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** The `settings` of `do` or `update`. */
  call?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Whether a time in `call` needs its unit when it is a text: it comes from a command line.
   *
   * @default false
   */
  demandUnits?: boolean | undefined;
}

/**
 * Resolves declared variables against their sources.
 *
 * @param scenario the scenario whose section of the file counts in addition to the top level
 * @throws {AmocError} `CONFIG` listing every mistake at once
 */
export function resolveSettings(
  variables: Variables,
  sources: SettingSources,
  scenario: string,
): Record<string, SettingValue> {
  const mistakes: string[] = [];
  for (const name of Object.keys(sectionOf(sources, scenario))) {
    if (!Object.hasOwn(variables, name))
      mistakes.push(unknownSetting(name, variables, 'amoc.json'));
  }
  for (const name of Object.keys(sources.call ?? {})) {
    if (!Object.hasOwn(variables, name)) mistakes.push(unknownSetting(name, variables, 'settings'));
  }
  const settings: Record<string, SettingValue> = {};
  for (const [name, variable] of Object.entries(variables)) {
    const { origin, raw } = givenFor(name, sources, scenario);
    try {
      if (origin === 'settings' && sources.demandUnits === true) demandUnit(name, variable, raw);
      settings[name] =
        raw === undefined ? defaultValue(name, variable) : readValue(name, variable, raw);
    } catch (error) {
      mistakes.push(`${messageOf(error)}, from ${origin}`);
    }
  }
  if (mistakes.length > 0) throw new AmocError('CONFIG', mistakes.join('\n'));
  return settings;
}

/**
 * A setting as it was written, by the strongest source that has it, which `origin` names; `raw` is
 * `undefined` when no source has it.
 */
export function givenFor(
  name: string,
  sources: SettingSources,
  scenario: string,
): { origin: string; raw: unknown } {
  const given: [string, unknown][] = [
    ['settings', own(sources.call, name)],
    [environmentName(name), sources.environment?.[environmentName(name)]],
    ['amoc.json', own(sectionOf(sources, scenario), name) ?? own(sources.file, name)],
  ];
  const [origin, raw] = given.find(([, value]) => value !== undefined) ?? ['default', undefined];
  return { origin, raw };
}

function sectionOf({ file }: SettingSources, scenario: string): Readonly<Record<string, unknown>> {
  const section = file?.[scenario];
  return isRecord(section) ? section : {};
}

/**
 * Checks that `amoc.json` has no unused name: at the top are amoc's own settings and those of the current
 * scenario, others are in a section of their scenario.
 *
 * @param variables everything that the current scenario has, amoc's own variables included
 * @throws {AmocError} `CONFIG` with the nearest name
 */
export function demandKnownNames(variables: Variables, file: SettingSources['file'] = {}): void {
  const unknown = Object.entries(file)
    .filter(([name, value]) => !isRecord(value) && !Object.hasOwn(variables, name))
    .map(
      ([name]) =>
        `${unknownSetting(name, variables, 'amoc.json')}; settings of one scenario go into its section: { "my_scenario": { … } }`,
    );
  if (unknown.length > 0) throw new AmocError('CONFIG', unknown.join('\n'));
}

/**
 * Checks a change to a running test: only declared variables that may change, only valid values.
 *
 * @throws {AmocError} `CONFIG` listing every mistake at once; nothing has changed then
 */
export function resolveUpdate(
  variables: Variables,
  change: Readonly<Record<string, unknown>>,
): Settings {
  const mistakes: string[] = [];
  const settings: Record<string, SettingValue> = {};
  for (const [name, raw] of Object.entries(change)) {
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (variable === undefined) mistakes.push(unknownSetting(name, variables, 'settings'));
    else if (variable.update !== true) {
      mistakes.push(`${name} cannot change while users run; stop() and give it to do()`);
    } else {
      try {
        settings[name] = readValue(name, variable, raw);
      } catch (error) {
        mistakes.push(messageOf(error));
      }
    }
  }
  if (mistakes.length > 0) throw new AmocError('CONFIG', mistakes.join('\n'));
  return settings;
}

/**
 * What is wrong with settings that another process has resolved: each of `names` must have a value, and a
 * variable that is declared in `variables` must have a valid one. `undefined` when nothing is wrong.
 */
export function faultOfResolved(
  variables: Variables,
  names: readonly string[],
  settings: Settings,
): string | undefined {
  for (const name of names) {
    const value = own(settings, name);
    if (value === undefined) return `${name} is missing`;
    const variable = own(variables, name) as Variable | undefined;
    if (variable === undefined) continue;
    try {
      if (readValue(name, variable, value) !== value) return `${name} has another type`;
    } catch (error) {
      return messageOf(error);
    }
  }
  return undefined;
}

function unknownSetting(name: string, variables: Variables, where: string): string {
  return `${name} is not a setting of this scenario (in ${where})${didYouMean(name, Object.keys(variables))}`;
}

function own(record: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
