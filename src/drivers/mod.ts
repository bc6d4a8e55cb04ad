/** The face of this room: other rooms import nothing else of it. */
export { builtInVariablesOf } from './declared.ts';
export type {
  AnyDriver,
  Driver,
  DriverContext,
  DriverRun,
  DriverView,
  EmbeddedPlace,
  Headline,
  LoadedDriver,
  MembersOfAll,
  Resource,
  UserHost,
  Watcher,
} from './driver.ts';
export type { Finding } from './finding.ts';
export { loadDrivers } from './load.ts';
