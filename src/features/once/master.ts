import { AmocError } from '../../lib/errors.ts';
import type { JsonValue } from '../../lib/text/bounded-json.ts';
import { count } from '../../lib/text/plural.ts';
import type { Cancel } from '../../lib/time/clock.ts';
import type { FeatureNode, MasterHalf, MasterSide } from '../feature.ts';
import { fromProcess, MAX_NAMES, noticeOfProcess, read, saved, valueOf } from './messages.ts';
import type { Settled } from './messages.ts';

/** Permissions that the previous master may have given after its journal was written. */
const UNKNOWN_GRANTS = 10_000;

/** The process that has the permission to do the work. */
interface Holder {
  readonly identity: string;
  readonly grant: number;
}

/** What the master knows of one name. */
interface Entry {
  /** Processes whose users wait. */
  readonly wanting: Set<FeatureNode>;
  holder: Holder | undefined;
  settled: Settled | undefined;
}

/** Gives the work of each name to one process at a time, and the value to all that ask for it. */
export class OnceMaster implements MasterHalf {
  readonly #side: MasterSide;
  readonly #entries = new Map<string, Entry>();
  #nextGrant = 1;
  #cancelFlush: Cancel | undefined;

  constructor(side: MasterSide) {
    this.#side = side;
  }

  nodeReady(node: FeatureNode): void {
    const settled = [...this.#entries].filter(([, entry]) => entry.settled !== undefined);
    this.#side.send(node, { type: 'hello', settled: settled.map(([name]) => name) });
    for (const [name, { holder }] of this.#entries) {
      if (holder?.identity !== node.identity) continue;
      this.#side.send(node, { type: 'do', name, grant: holder.grant });
    }
    this.#flushSoon();
  }

  nodeGone(node: FeatureNode): void {
    for (const entry of this.#entries.values()) {
      entry.wanting.delete(node);
      if (entry.holder?.identity === node.identity) entry.holder = undefined;
    }
    this.#flushSoon();
  }

  heard(node: FeatureNode, body: JsonValue): void {
    const message = read(noticeOfProcess, body);
    const { name } = message;
    const entry = this.#entries.get(name);
    if (message.type === 'know') {
      if (entry === undefined && this.#entries.size >= MAX_NAMES) return;
      (entry ?? this.#add(name)).settled ??= valueOf(message);
    } else if (entry?.holder?.identity === node.identity && entry.holder.grant === message.grant) {
      entry.holder = undefined;
      entry.wanting.delete(node);
    }
    this.#flushSoon();
  }

  asked(node: FeatureNode, body: JsonValue): undefined {
    const message = read(fromProcess, body);
    const { type, name, grant } = message;
    const entry = this.#entries.get(name) ?? this.#add(name);
    entry.wanting.add(node);
    // No user has seen a value yet, so the first result is the value, whatever the journal knew.
    if (type === 'done') entry.settled ??= valueOf(message);
    else if (this.#isNewer(grant, entry)) entry.holder = { identity: node.identity, grant };
    this.#flushSoon();
    return undefined;
  }

  save(): JsonValue {
    const names = [...this.#entries]
      .filter(([, { holder, settled }]) => holder !== undefined || settled !== undefined)
      .map(([name, { holder, settled }]) => ({
        name,
        ...(settled === undefined ? {} : { settled: valueOf(settled) }),
        ...(holder === undefined ? {} : { holder: { ...holder } }),
      }));
    return { next: this.#nextGrant, names };
  }

  restore(kept: JsonValue): void {
    const { next, names } = read(saved, kept);
    this.#nextGrant = next + UNKNOWN_GRANTS;
    for (const { name, settled, holder } of names) {
      this.#entries.set(name, { wanting: new Set(), settled, holder });
    }
  }

  close(): void {
    this.#cancelFlush?.();
  }

  /** Whether a process names a permission that the previous master gave after its journal was written. */
  #isNewer(grant: number | undefined, { holder }: Entry): grant is number {
    return grant !== undefined && grant < this.#nextGrant && grant > (holder?.grant ?? 0);
  }

  /** @throws {AmocError} `BUSY` when there are too many names */
  #add(name: string): Entry {
    if (this.#entries.size >= MAX_NAMES) {
      throw new AmocError('BUSY', `a run can have at most ${count(MAX_NAMES)} names`);
    }
    const entry: Entry = { wanting: new Set(), holder: undefined, settled: undefined };
    this.#entries.set(name, entry);
    return entry;
  }

  /** One write to disk for all that arrives in a turn of the event loop. */
  #flushSoon(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = this.#side.clock.soon(() => this.#flush());
  }

  #flush(): void {
    const { clock, commit, heldMs, nodes, send } = this.#side;
    const known = new Set(nodes().map(({ identity }) => identity));
    // A process that this master does not know yet may be doing the work.
    const held = heldMs();
    const orders: (() => void)[] = [];
    let isWaiting = false;
    for (const [name, entry] of this.#entries) {
      const { settled, wanting } = entry;
      const here = [...wanting].filter(({ isHere }) => isHere);
      if (settled !== undefined) {
        entry.holder = undefined;
        // The others ask again when they are back.
        wanting.clear();
        const body = { type: 'settled', name, ...valueOf(settled) };
        for (const node of here) orders.push(() => send(node, body));
        continue;
      }
      if (entry.holder !== undefined && !known.has(entry.holder.identity)) entry.holder = undefined;
      const [next] = here;
      if (entry.holder !== undefined || next === undefined) continue;
      isWaiting = true;
      if (held > 0) continue;
      const grant = this.#nextGrant++;
      entry.holder = { identity: next.identity, grant };
      orders.push(() => send(next, { type: 'do', name, grant }));
    }
    if (held > 0 && isWaiting) this.#cancelFlush = clock.schedule(held, () => this.#flush());
    if (orders.length === 0) return;
    commit();
    for (const order of orders) order();
  }
}
