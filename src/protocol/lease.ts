/**
 * Who may run a user is settled by leases. A node's right to its users lasts {@link LEASE_MS} from the
 * sending of the last beat that the master answered, by the node's own clock; the master gives the users
 * to others {@link TAKEOVER_MS}, a margin more, after its last answer, by its own. The answer is later
 * than the sending, so the node's lease ends first, whatever the network does, as long as two clocks do
 * not drift apart by more than the margin within a lease.
 */
export const LEASE_MS = 8000;
/** See {@link LEASE_MS}. */
const MARGIN_MS = 2000;
/** How long after its last answer the master gives a node's users away. */
export const TAKEOVER_MS = LEASE_MS + MARGIN_MS;
/** Time between two beats of a node. */
export const BEAT_MS = 1000;
/** Without a word for so long, either side takes the link for cut, and the node dials anew. */
export const SILENT_MS = 3500;
