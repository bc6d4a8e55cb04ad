import { processEnvironment } from '../lib/system/environment.ts';
import { AmocError } from '../lib/errors.ts';
import { toMs } from '../lib/time/duration.ts';

/** The name of an environment variable of amoc. */
export type VariableName = `AMOC_${string}`;

/** An environment variable, as README lists it. */
export interface VariableSpec {
  readonly description: string;
  /** The value when it is not set; a value that depends on the machine is in the description. */
  readonly default?: string;
  /** Whether its value stays with the master, and in files that no one else can read. @default false */
  readonly secret?: boolean;
}

/** Variables by name. */
export type VariableSpecs = Readonly<Record<string, VariableSpec>>;

/** Reads the variables that were declared, and no others. An empty value counts as unset. */
export class EnvironmentReader<Name extends string> {
  readonly #variables: Readonly<Record<Name, VariableSpec>>;

  constructor(variables: Readonly<Record<Name, VariableSpec>>) {
    this.#variables = variables;
  }

  /** The value, or the declared default. */
  text(name: Name): string | undefined {
    const given = processEnvironment()[name];
    return given === undefined || given === '' ? this.#variables[name].default : given;
  }

  /** @throws {AmocError} `CONFIG` when it is not a whole number in the range */
  wholeNumber(name: Name, least: number, most = Infinity): number | undefined {
    const given = this.text(name);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    const range = most === Infinity ? `≥ ${least}` : `from ${least} to ${most}`;
    throw new AmocError(
      'CONFIG',
      `${name}: ${JSON.stringify(given)} is not a whole number ${range}`,
    );
  }

  /** A port; 0 for any free one. @throws {AmocError} `CONFIG` */
  port(name: Name): number | undefined {
    const given = this.text(name);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (/^\d{1,5}$/.test(given) && value <= 65_535) return value;
    throw new AmocError('CONFIG', `${name}: ${JSON.stringify(given)} is not a port`);
  }

  /** A time, in milliseconds. @throws {AmocError} `CONFIG` */
  duration(name: Name, otherwise: string): number {
    const given = this.text(name) ?? otherwise;
    try {
      return toMs(given);
    } catch {
      throw new AmocError('CONFIG', `${name}: '${given}' is not a time, as in ${otherwise}`);
    }
  }

  /**
   * How often something happens, in milliseconds; at least a second, and a number alone is seconds.
   *
   * @throws {AmocError} `CONFIG`
   */
  interval(name: Name): number {
    const given = this.text(name) ?? '10s';
    try {
      return Math.max(1000, toMs(/^\d+$/.test(given) ? Number(given) * 1000 : given));
    } catch {
      throw new AmocError('CONFIG', `${name}: '${given}' is not a time, as in 10s`);
    }
  }

  /** @throws {AmocError} `CONFIG` when it is not an HTTP URL */
  url(name: Name): string | undefined {
    const given = this.text(name);
    if (given === undefined || /^https?:\/\/[^\s/]/.test(given)) return given;
    throw new AmocError('CONFIG', `${name}: '${given}' is not a URL, as in http://host:port/`);
  }

  /**
   * `HOST` or `HOST:PORT`; an IPv6 address is in brackets.
   *
   * @throws {AmocError} `CONFIG`
   */
  address(name: Name, defaultPort: number): { host: string; port: number } | undefined {
    const given = this.text(name);
    if (given === undefined) return undefined;
    const [, host, port = defaultPort] = /^([^\s:/]+|\[[^\]]+\])(?::(\d{1,5}))?$/.exec(given) ?? [];
    if (host === undefined || Number(port) > 65_535) {
      throw new AmocError('CONFIG', `${name}: '${given}' is not HOST or HOST:PORT`);
    }
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  }
}
