import type { UserFunctionTable } from '../features/feature.ts';
import { PooledUser } from './user.ts';
import type { UserEnvironment } from './user.ts';

const classes = new WeakMap<UserEnvironment, typeof PooledUser>();

/** Makes a user of a run, with the functions of the run's features. */
export function makeUser(id: number, environment: UserEnvironment): PooledUser {
  let its = classes.get(environment);
  if (its === undefined) classes.set(environment, (its = classWith(environment.functions ?? {})));
  return new its(id, environment);
}

/** The functions are on the prototype: a user takes no more memory, whether it calls them or not. */
function classWith(functions: UserFunctionTable): typeof PooledUser {
  const made = class extends PooledUser {};
  for (const [name, make] of Object.entries(functions)) {
    Object.defineProperty(made.prototype, name, {
      get(this: PooledUser) {
        return make(this);
      },
    });
  }
  return made;
}
