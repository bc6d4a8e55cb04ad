import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Who gave the command at hand, as in `anna@pts/3`. Only masters have one: in a slave process it would
 * cost each await of each user.
 */
export const actor = new AsyncLocalStorage<string>();
