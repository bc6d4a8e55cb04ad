import { workerData } from 'node:worker_threads';
import { systemClock } from '../lib/time/clock.ts';
import type { StackFrame } from '../protocol/messages.ts';
import { LEASE_MS } from '../protocol/lease.ts';
import { offerHandshake } from '../protocol/handshake.ts';
import { SlavePeer } from '../protocol/peer.ts';
import type { MasterNotice } from '../protocol/peer.ts';
import { dialMaster } from '../protocol/websocket-transport.ts';
import { stackOfMainThread } from './main-thread-stack.ts';
import { KEPT_LEASE, OWN_LEASE, sharedNow } from './watchdog.ts';
import type { WatchdogData } from './watchdog.ts';

const CHECK_MS = 250;
/** An event loop that is stalled for this long is called blocked. */
const BLOCKED_MS = 1500;
/** While it stays blocked, the master is told again after this time. */
const REPEAT_MS = 2000;
/** When a check is this late, the thread itself could not run. */
const PAUSE_MS = 1000;
/** A process whose parent is gone, and that tells the master so itself, ends within this time. */
const ORPHAN_MS = 1500;

const { master, cookie, info, key, parentPid, tellsOfParent, tls, heartbeat, lease } =
  workerData as WatchdogData;
const leaseUntil = new Float64Array(lease);
const beats = new Int32Array(heartbeat);
let seen = Atomics.load(beats, 0);
let seenAt = performance.now();
let toldAt = -Infinity;
let link: SlavePeer | undefined;
let busy = false;
let checkedAt = performance.now();
let sequence = 0;
let orphanedAt: number | undefined;

setInterval(() => {
  const now = performance.now();
  // `process.ppid` is read from the system at each use.
  if (parentPid !== undefined && process.ppid !== parentPid) {
    orphanedAt ??= now;
    if (!tellsOfParent || now - orphanedAt > ORPHAN_MS) process.kill(process.pid, 'SIGKILL');
  }
  // The entire process was paused, with this thread: the event loop has yet to show whether it runs.
  if (now - checkedAt > PAUSE_MS) seenAt = now;
  checkedAt = now;
  const current = Atomics.load(beats, 0);
  if (current !== seen) {
    if (link !== undefined) {
      link.send({ type: 'unblocked', afterMs: now - seenAt });
      link.close('unblocked');
      link = undefined;
    }
    seen = current;
    seenAt = now;
    toldAt = -Infinity;
  } else if (now - seenAt > BLOCKED_MS && isLeaseOver()) {
    // The process cannot stop its users, and the master cannot know that they still have their sessions.
    process.kill(process.pid, 'SIGKILL');
  } else if (now - seenAt > BLOCKED_MS && now - toldAt > REPEAT_MS && !busy) {
    busy = true;
    toldAt = now;
    void tell(now - seenAt).finally(() => (busy = false));
  }
}, CHECK_MS);

function isLeaseOver(): boolean {
  const own = leaseUntil[OWN_LEASE] ?? 0;
  return own > 0 && sharedNow() > Math.max(own, leaseUntil[KEPT_LEASE] ?? 0);
}

function kill(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function tell(forMs: number): Promise<void> {
  const frames: StackFrame[] = await stackOfMainThread().catch(() => []);
  try {
    link ??= await connectToMaster();
    link.send({ type: 'blocked', forMs, frames });
    // The answer says that the master knows that the users are still here, and leaves them here.
    const sentAt = sharedNow();
    const beat = ++sequence;
    link.onMessage = (message) => {
      if (message.type === 'kill') kill();
      else if (message.type === 'beat' && message.sequence === beat) {
        leaseUntil[KEPT_LEASE] = sentAt + LEASE_MS;
      }
    };
    link.send({ type: 'beat', sequence: beat });
  } catch {
    // The master is out of reach: the next check tries again.
    link = undefined;
  }
}

async function connectToMaster(): Promise<SlavePeer> {
  const transport = await dialMaster(master, tls);
  await offerHandshake(transport, cookie, 'watchdog', info, systemClock, key);
  // The only thing that a watchdog is asked for is to kill.
  const onMessage = ({ type }: MasterNotice): void => {
    if (type === 'kill') kill();
  };
  const peer = new SlavePeer(transport, systemClock, { onMessage });
  peer.onClose = () => (link = undefined);
  return peer;
}
