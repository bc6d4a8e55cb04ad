/**
 * Leases settle which process may run a user. A process's right to its users lasts {@link LEASE_MS} from the
 * sending of the last beat that the master answered, by the process's own clock. The master gives the users
 * to others {@link TAKEOVER_MS}, a margin more, after its last answer, by its own clock. The answer is later
 * than the sending, so the process's lease ends first, whatever the network does, as long as the two clocks
 * do not drift apart by more than the margin within a lease.
 */
export const LEASE_MS = 8000;
/** See {@link LEASE_MS}. */
const MARGIN_MS = 2000;
/** How long after its last answer the master gives the users of a process to others. */
export const TAKEOVER_MS = LEASE_MS + MARGIN_MS;
/** Time between two beats of a process. */
export const BEAT_MS = 1000;
/** After this long without a message, either side considers the link cut, and the process dials again. */
export const SILENT_MS = 3500;
