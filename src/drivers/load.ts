import type { AnyDriver, LoadedDriver } from './driver.ts';

/** Loads the code of drivers, in their order. */
export function loadDrivers(drivers: readonly AnyDriver[]): Promise<LoadedDriver[]> {
  return Promise.all(drivers.map(async (driver) => ({ driver, open: await driver.load() })));
}
