import type { AnyDriver, LoadedDriver } from '../drivers/driver.ts';
import { PooledUser } from './user.ts';
import type { UserEnvironment } from './user.ts';

/** One class for each list of drivers, and so one in a process: code that has seen its users is fast with them. */
const classes = new WeakMap<readonly LoadedDriver[], typeof PooledUser>();

/** A user of the pool, with what the drivers of its run add to it. */
export function makeUser(id: number, environment: UserEnvironment): PooledUser {
  return new (userClassOf(environment.drivers))(id, environment);
}

/**
 * The class of users that speak the protocols of `drivers`: a user has the facet of each driver under the driver's
 * name, and its shortcuts. All of them are on the prototype, so they take no memory for each user.
 */
function userClassOf(drivers: readonly LoadedDriver[]): typeof PooledUser {
  const known = classes.get(drivers);
  if (known !== undefined) return known;
  class DrivenUser extends PooledUser {}
  drivers.forEach(({ driver }, at) => addMembers(DrivenUser, driver, at));
  classes.set(drivers, DrivenUser);
  return DrivenUser;
}

type Facet = Readonly<Record<string, unknown>>;

function addMembers(made: typeof PooledUser, { name, shortcuts }: AnyDriver, at: number): void {
  const { prototype } = made;
  Object.defineProperty(prototype, name, {
    get(this: PooledUser) {
      return this.facet(at);
    },
  });
  for (const member of shortcuts?.getters ?? []) {
    Object.defineProperty(prototype, member, {
      get(this: PooledUser) {
        return (this.facet(at) as Facet)[member];
      },
    });
  }
  for (const member of shortcuts?.methods ?? []) {
    Object.defineProperty(prototype, member, {
      value(this: PooledUser, ...values: unknown[]) {
        const facet = this.facet(at) as Record<string, (...values: unknown[]) => unknown>;
        return facet[member]?.(...values);
      },
    });
  }
}
