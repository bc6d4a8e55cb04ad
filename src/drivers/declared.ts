import { runVariables } from '../config/run-variables.ts';
import type { Variables } from '../config/variable.ts';
import { assert } from '../lib/assert.ts';
import type { AnyDriver } from './driver.ts';

/** All settings except a scenario's own variables: those of every run, and those of the drivers. */
export function builtInVariablesOf(drivers: readonly Pick<AnyDriver, 'settings'>[]): Variables {
  const all: Record<string, Variables[string]> = { ...runVariables };
  for (const { settings } of drivers) {
    for (const [name, variable] of Object.entries(settings)) {
      assert(!Object.hasOwn(all, name), `two drivers have a setting named ${name}`);
      all[name] = variable;
    }
  }
  return all;
}
