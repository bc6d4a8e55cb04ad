import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * The operator who gave the current command, as in `anna@pts/3`. Only masters use it: in a slave process it would
 * slow down each await of each user.
 */
export const currentOperator = new AsyncLocalStorage<string>();
