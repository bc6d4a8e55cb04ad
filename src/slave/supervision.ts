import { z } from 'zod';

/** Exit code of a process that the master refused. */
export const REFUSED = 78;
/** Exit code of a process that the master has sent away; it is not started again. */
export const EVICTED = 79;

/** What a slave process reports to its supervisor over IPC: the master serves it, or the connection is gone. */
export const processMessage = z.object({ type: z.enum(['joined', 'disconnected']) });

/** A {@link processMessage}. */
export type ProcessMessage = z.infer<typeof processMessage>;
