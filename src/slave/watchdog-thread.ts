import { workerData } from 'node:worker_threads';
import { systemClock } from '../lib/clock.ts';
import type { StackFrame } from '../protocol/messages.ts';
import { offerHandshake } from '../protocol/handshake.ts';
import { SlavePeer } from '../protocol/peer.ts';
import type { Handlers } from '../protocol/peer.ts';
import { dialMaster } from '../protocol/websocket-transport.ts';
import { stackOfMainThread } from './main-thread-stack.ts';
import { sharedNow } from './watchdog.ts';
import type { WatchdogData } from './watchdog.ts';

const CHECK_MS = 250;
/** A loop that stands still for so long is called blocked. */
const BLOCKED_MS = 1500;
/** While it stays blocked the master hears of it again after so long. */
const REPEAT_MS = 2000;

const { master, cookie, info, key, parentPid, tls, heartbeat, lease } = workerData as WatchdogData;
const leaseUntil = new Float64Array(lease);
const beats = new Int32Array(heartbeat);
let seen = Atomics.load(beats, 0);
let seenAt = performance.now();
let toldAt = -Infinity;
let link: SlavePeer | undefined;
let busy = false;

setInterval(() => {
  // `process.ppid` is read from the system at each use.
  if (parentPid !== undefined && process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
  const now = performance.now();
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
  } else if (now - seenAt > BLOCKED_MS && link === undefined && isLeaseOver()) {
    // It cannot stop its users, and the master cannot know that they still have their sessions.
    process.kill(process.pid, 'SIGKILL');
  } else if (now - seenAt > BLOCKED_MS && now - toldAt > REPEAT_MS && !busy) {
    busy = true;
    toldAt = now;
    void tell(now - seenAt).finally(() => (busy = false));
  }
}, CHECK_MS);

function isLeaseOver(): boolean {
  const until = leaseUntil[0] ?? 0;
  return until > 0 && sharedNow() > until;
}

async function tell(forMs: number): Promise<void> {
  const frames: StackFrame[] = await stackOfMainThread().catch(() => []);
  try {
    link ??= await connectToMaster();
    link.send({ type: 'blocked', forMs, frames });
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
