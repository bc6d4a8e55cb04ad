import { drivers } from '../../src/app/drivers.ts';
import { loadDrivers } from '../../src/drivers/load.ts';

/** The drivers of amoc, loaded as a slave process loads them. */
export const loadedDrivers = await loadDrivers(drivers);
