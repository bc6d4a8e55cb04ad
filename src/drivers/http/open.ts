import type { DriverContext, DriverRun } from '../driver.ts';
import { HttpFacet } from './facet.ts';
import { HttpRun } from './run.ts';

/** HTTP in one run and one process. */
export function open(context: DriverContext): DriverRun<HttpFacet> {
  const run = new HttpRun(context);
  return {
    facet: (host) => new HttpFacet(run, host),
    get openConnections() {
      return run.openConnections;
    },
    [Symbol.dispose]() {
      run[Symbol.dispose]();
    },
  };
}
