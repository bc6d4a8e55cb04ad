import { TAKEOVER_MS } from '../../protocol/lease.ts';
import { AmocError } from '../../lib/errors.ts';
import type { ShippedRecord } from '../../protocol/messages.ts';
import type { MasterPeer, SlaveNotice } from '../../protocol/peer.ts';
import type { MasterContext } from '../context.ts';
import type { Report } from '../users/reports.ts';
import type { NodeEntry } from './node-entry.ts';

/** The reactions to what a process sends. */
export interface NodeLinkParts {
  report: (node: NodeEntry, report: Report) => void;
  /** It is about to end; it repeats this over each connection. */
  leaving: (node: NodeEntry) => void;
  /** It has ended. */
  gone: (node: NodeEntry, reason: string) => void;
  /** A connection of it is closed. */
  disconnected: (node: NodeEntry, peer: MasterPeer, reason: string) => void;
}

/** Passes what processes send over their connections to the parts of the master; answers their beats. */
export class NodeLink {
  readonly #context: MasterContext;
  readonly #parts: NodeLinkParts;

  constructor(context: MasterContext, parts: NodeLinkParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Listens to the connection of a process; an older one is not listened to any more. */
  listen(node: NodeEntry, peer: MasterPeer): void {
    peer.onMessage = (message) => {
      if (node.peer === peer && node.state.reach !== 'away') this.#hear(node, message, peer);
    };
    peer.handlers = {
      feature: async (params) => {
        const { features } = this.#context.run ?? {};
        if (node.peer !== peer || features === undefined) {
          throw new AmocError('NO_RUN', `there is no run ${params.run}`);
        }
        const body = await features.asked(node, params);
        return body === undefined ? {} : { body };
      },
    };
    peer.onClose = (reason) => this.#parts.disconnected(node, peer, reason);
  }

  #hear(node: NodeEntry, message: SlaveNotice, peer: MasterPeer): void {
    node.heardAt = this.#context.parts.clock.monotonic();
    switch (message.type) {
      case 'beat':
        node.clock = message.clock;
        this.#answerBeat(node, message.sequence, peer);
        return;
      case 'logs':
        this.#log(node, message.records, message.dropped);
        return;
      case 'report':
        this.#parts.report(node, message);
        return;
      case 'feature':
        this.#context.run?.features?.heard(node, message);
        return;
      case 'leaving':
        this.#parts.leaving(node);
        return;
      case 'gone':
        this.#parts.gone(node, message.reason);
        peer.close('the process has announced its end');
        return;
      case 'blocked':
      case 'unblocked':
        // Only a watchdog reports this, on its own connection.
        return;
    }
  }

  /** Extends the lease of a process. */
  #answerBeat(node: NodeEntry, sequence: number, peer: MasterPeer): void {
    // A process that is back for this long without a matching report must not keep its users forever.
    if (node.heardAt - (node.returningSince ?? Infinity) > TAKEOVER_MS) return;
    node.leaseUntil = node.heardAt + TAKEOVER_MS;
    const at = this.#context.parts.clock.steady();
    peer.beat({ sequence, at, acked: this.#context.ackedOf(node) });
  }

  #log(node: NodeEntry, shipped: readonly ShippedRecord[], dropped: number): void {
    // What a line says about its process is not trusted: it could name another process, or none.
    const records = shipped.map((record) => ({ ...record, node: node.name }));
    node.log.add(records);
    this.#context.parts.logs(records, dropped);
  }
}
