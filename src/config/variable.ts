import { quote } from '../lib/text/quote.ts';
import { AmocError } from '../lib/errors.ts';
import { toMs } from '../lib/time/duration.ts';

/** The values that a setting can have: those that survive JSON and an environment variable. */
export type SettingValue = string | number | boolean;

/**
 * Declares one setting. Its type is that of `default`.
 *
 * @example
 * export const variables = {
 *   messageInterval: { default: '20s', unit: 'duration', description: 'time between messages', update: true },
 * } satisfies Variables;
 */
export interface Variable<T extends SettingValue = SettingValue> {
  /** One line for `help()` and error messages. */
  readonly description: string;
  /** The value when no source gives another one. */
  readonly default: T;
  /** `duration`: also accepts `'20s'`, and the value is milliseconds. */
  readonly unit?: 'duration';
  /** Returns `true` for a valid value, otherwise what is expected, as in `'a number above 0'`. */
  readonly check?: (value: never) => true | string;
  /** Whether `update({…})` may change it while users run. @default false */
  readonly update?: boolean;
  /** Whether the value is never shown, as for passwords. @default false */
  readonly secret?: boolean;
}

/** A set of declarations by name. */
export type Variables = Readonly<Record<string, Variable>>;

type Widened<V extends Variable> = V['unit'] extends 'duration' ? number : Widen<V['default']>;

/** Distributes over a union: a type that is only known as a `SettingValue` stays one. */
type Widen<D> = D extends string ? string : D extends number ? number : boolean;

/** The values of declared variables: durations are milliseconds. */
export type SettingsOf<V extends Variables> = { readonly [K in keyof V]: Widened<V[K]> };

/** Values by name, before or after their check. */
export type Settings = Readonly<Record<string, SettingValue>>;

/** The environment variable that sets `name`: `messageInterval` → `AMOC_MESSAGE_INTERVAL`. */
export function environmentName(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[^A-Za-z0-9]+/g, '_');
  return `AMOC_${words.toUpperCase()}`;
}

/**
 * Turns what a person, a file or the environment gave into a checked value.
 *
 * @throws {AmocError} `CONFIG` naming what is expected; a secret value is not in the message
 */
export function readValue(name: string, variable: Variable, raw: unknown): SettingValue {
  const value = convert(name, variable, raw);
  const verdict = variable.check?.(value as never) ?? true;
  if (verdict !== true) throw bad(name, variable, raw, verdict);
  return value;
}

/**
 * Refuses a time without a unit that was typed on a command line, where half of the people who leave the unit
 * out mean seconds; zero needs none.
 *
 * @throws {AmocError} `CONFIG`
 */
export function demandUnit(name: string, variable: Variable, raw: unknown): void {
  if (variable.unit !== 'duration' || typeof raw !== 'string') return;
  const given = raw.trim();
  if (given === '' || !Number.isFinite(Number(given)) || Number(given) === 0) return;
  throw new AmocError(
    'CONFIG',
    `${name} takes a time with its unit, as in 100ms; ${given} has no unit (${variable.description})`,
  );
}

/** The declared default, in the form in which {@link readValue} returns values. */
export function defaultValue(name: string, variable: Variable): SettingValue {
  return convert(name, variable, variable.default);
}

/**
 * Checks that something is a well-formed set of declarations; scenarios bring theirs from outside.
 *
 * @throws {AmocError} `SCENARIO` naming the declaration
 */
export function checkVariables(value: unknown): Variables {
  if (typeof value !== 'object' || value === null) {
    throw new AmocError('SCENARIO', "'variables' must be an object of declarations");
  }
  for (const [name, declared] of Object.entries(value as Record<string, unknown>)) {
    const variable = declared as Partial<Variable> | null;
    const ok =
      typeof variable === 'object' &&
      variable !== null &&
      ['string', 'number', 'boolean'].includes(typeof variable.default) &&
      typeof variable.description === 'string' &&
      (variable.check === undefined || typeof variable.check === 'function');
    if (!ok || !/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) {
      throw new AmocError(
        'SCENARIO',
        `variable '${name}' must be { description: '…', default: a string, number or boolean, check?, update? }`,
      );
    }
  }
  return value as Variables;
}

function convert(name: string, variable: Variable, raw: unknown): SettingValue {
  if (variable.unit === 'duration') {
    if (typeof raw !== 'number' && typeof raw !== 'string') {
      throw bad(name, variable, raw, "a time span such as '20s'");
    }
    const text = typeof raw === 'string' && /^\d+$/.test(raw.trim()) ? Number(raw) : raw;
    try {
      return toMs(text);
    } catch {
      throw bad(name, variable, raw, "a time span such as '20s'");
    }
  }
  switch (typeof variable.default) {
    case 'number': {
      const number = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
      if (typeof number !== 'number' || !Number.isFinite(number)) {
        throw bad(name, variable, raw, 'a number');
      }
      return number;
    }
    case 'boolean':
      if (raw === true || raw === 'true' || raw === '1') return true;
      if (raw === false || raw === 'false' || raw === '0') return false;
      throw bad(name, variable, raw, 'true or false');
    default:
      if (typeof raw !== 'string') throw bad(name, variable, raw, 'a text');
      return raw;
  }
}

function bad(name: string, variable: Variable, raw: unknown, wanted: string): AmocError {
  const shown = variable.secret === true ? 'its value' : quote(raw);
  return new AmocError('CONFIG', `${name}: ${shown} is not ${wanted} (${variable.description})`);
}
