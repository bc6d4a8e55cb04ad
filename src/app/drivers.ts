import { builtInVariablesOf } from '../drivers/mod.ts';
import type { MembersOfAll } from '../drivers/mod.ts';
import { http } from '../drivers/http/driver.ts';
import { declareMetrics } from '../metrics/catalogue.ts';
import { xmpp } from '../xmpp/driver.ts';

/** The protocols that users can speak: a new one is a line here. */
export const drivers = [xmpp, http] as const;

for (const { metrics } of drivers) declareMetrics(metrics);

/** All settings except a scenario's own variables. */
export const builtInVariables = builtInVariablesOf(drivers);

/** What a user has of the drivers: `user.connect()`. */
export type DriverMembers = MembersOfAll<typeof drivers>;
