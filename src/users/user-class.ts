import type { AnyDriver, LoadedDriver } from '../drivers/mod.ts';
import type { UserFunctionTable } from '../features/feature.ts';
import { PooledUser } from './user.ts';
import type { UserEnvironment } from './user.ts';

/** The class for a list of drivers, and the functions of features that it was made with. */
interface Made {
  readonly functions: UserFunctionTable | undefined;
  readonly its: typeof PooledUser;
}

/** The newest class for each list of drivers. */
const classes = new WeakMap<readonly LoadedDriver[], Made>();

/** A user of the pool, with what the drivers and the features of its run add to it. */
export function makeUser(id: number, environment: UserEnvironment): PooledUser {
  return new (userClassOf(environment))(id, environment);
}

/**
 * The class of users that speak the protocols of the run's drivers: a user has the facet of each driver under the
 * driver's name, its shortcuts, and the functions of features. All of them are on the prototype, so they take no
 * memory for each user.
 */
function userClassOf({ drivers, functions }: UserEnvironment): typeof PooledUser {
  const known = classes.get(drivers);
  if (known !== undefined && known.functions === functions) return known.its;
  class DrivenUser extends PooledUser {}
  drivers.forEach(({ driver }, at) => addMembers(DrivenUser, driver, at));
  for (const [name, make] of Object.entries(functions ?? {})) {
    Object.defineProperty(DrivenUser.prototype, name, {
      get(this: PooledUser) {
        return make(this);
      },
    });
  }
  classes.set(drivers, { functions, its: DrivenUser });
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
