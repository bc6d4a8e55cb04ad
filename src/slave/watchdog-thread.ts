import { workerData } from 'node:worker_threads';
import { systemClock } from '../lib/clock.ts';
import type { StackFrame } from '../protocol/messages.ts';
import { LEASE_MS } from '../protocol/lease.ts';
import { offerHandshake } from '../protocol/handshake.ts';
import { SlavePeer } from '../protocol/peer.ts';
import type { Handlers } from '../protocol/peer.ts';
import { dialMaster } from '../protocol/websocket-transport.ts';
import { stackOfMainThread } from './main-thread-stack.ts';
import { KEPT_LEASE, OWN_LEASE, sharedNow } from './watchdog.ts';
import type { WatchdogData } from './watchdog.ts';

const CHECK_MS = 250;
/** A loop that stands still for so long is called blocked. */
const BLOCKED_MS = 1500;
/** While it stays blocked the master hears of it again after so long. */
const REPEAT_MS = 2000;
/** A check that is so much late was not made by a thread that could run. */
const PAUSE_MS = 1000;
/** A process whose parent is gone, and that tells the master of it, ends itself within this time. */
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
  // The whole process stood still, this thread too: the loop has yet to show whether it turns.
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
    // It cannot stop its users, and the master cannot know that they still have their sessions.
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

async function tell(forMs: number): Promise<void> {
  const frames: StackFrame[] = await stackOfMainThread().catch(() => []);
  try {
    link ??= await connectToMaster();
    link.send({ type: 'blocked', forMs, frames });
    // Its answer says that the master has heard that users are here still, and keeps them here.
    const sentAt = sharedNow();
    const beat = ++sequence;
    link.onBeat = (answer) => {
      if (answer.sequence === beat) leaseUntil[KEPT_LEASE] = sentAt + LEASE_MS;
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
  // A watchdog is asked nothing but to kill.
  const peer = new SlavePeer(transport, {} as Handlers);
  peer.onKill = () => process.kill(process.pid, 'SIGKILL');
  peer.onClose = () => (link = undefined);
  return peer;
}
