import { escapeXml } from '../element.ts';

const NS_SM = 'urn:xmpp:sm:3';

/** Counts wrap around at this value (XEP-0198 §3, §4). */
const ROUND = 2 ** 32;

/** Maximum number of unacknowledged stanzas that are kept; a sender has to wait at this number. */
export const MAX_UNACKED = 1000;

/** An acknowledgement is requested after this many stanzas. */
const ASK_EVERY = 10;

/** What is needed to resume a cut session. */
export interface Resumption {
  /** The server's id of the session. */
  id: string;
  /** How many stanzas were received. */
  received: number;
  /** How many of the client's stanzas the server had acknowledged. */
  acked: number;
  /** The client's stanzas that the server had not acknowledged, oldest first. */
  unacked: string[];
  jid: string;
}

/** The counts of XEP-0198 on one stream, from the sent `<enable/>` on. */
export class StreamManagement {
  #id: string | undefined;
  #maxSeconds: number | undefined;
  #isEnabled = false;
  #received = 0;
  #acked = 0;
  #sinceRequest = 0;
  #unacked: string[] = [];
  #waiting: (() => void)[] = [];

  /** Continues with the counts of the earlier stream. */
  static resumed(from: Resumption): StreamManagement {
    const management = new StreamManagement();
    management.enabled({ id: from.id, resume: 'true' });
    management.#received = from.received;
    management.#acked = from.acked;
    management.#unacked = [...from.unacked];
    return management;
  }

  /** The server's id of the session, when it can be resumed. */
  get id(): string | undefined {
    return this.#id;
  }

  /** How long the server keeps the session, in seconds, when it says so. */
  get maxSeconds(): number | undefined {
    return this.#maxSeconds;
  }

  /** Whether the server has agreed; before that it is not asked for acknowledgements. */
  get isEnabled(): boolean {
    return this.#isEnabled;
  }

  /** The server's `<enabled/>`: from here on the stanzas that it sends count (XEP-0198 §4). */
  enabled({ id, resume, max }: Readonly<Record<string, string | undefined>>): void {
    this.#isEnabled = true;
    this.#id = resume === 'true' || resume === '1' ? id : undefined;
    this.#maxSeconds = max === undefined ? undefined : Number(max);
    this.#received = 0;
    this.#tell();
  }

  /** Stanzas received, for `<a h=…/>`. */
  get received(): number {
    return this.#received;
  }

  get unacked(): readonly string[] {
    return this.#unacked;
  }

  get isFull(): boolean {
    return this.#unacked.length >= MAX_UNACKED;
  }

  resumption(jid: string): Resumption | undefined {
    const { id, received, unacked } = this;
    if (id === undefined) return undefined;
    return { id, received, acked: this.#acked, unacked: [...unacked], jid };
  }

  countReceived(): void {
    this.#received = countOn(this.#received);
  }

  /** Keeps a stanza until it is acknowledged. @returns whether to request an acknowledgement now */
  countSent(text: string): boolean {
    this.#unacked.push(text);
    if (++this.#sinceRequest < ASK_EVERY || !this.#isEnabled) return false;
    this.#sinceRequest = 0;
    return true;
  }

  /**
   * The server has handled `count` of the client's stanzas.
   *
   * @returns false when the server says more than were sent (XEP-0198 §4)
   */
  acknowledge(count: number): boolean {
    const handled = countedSince(count, this.#acked);
    if (!Number.isInteger(count) || handled > this.#unacked.length) return false;
    this.#acked = count;
    this.#unacked.splice(0, handled);
    if (!this.isFull) this.#tell();
    return true;
  }

  /** Calls `tell` at the next acknowledgement that leaves room, or when there will be none. */
  onRoom(tell: () => void): void {
    this.#waiting.push(tell);
  }

  /** Nothing more will be acknowledged on this stream. */
  stop(): void {
    this.#tell();
  }

  #tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell();
  }
}

/** The count of XEP-0198 after `more` further stanzas. */
export function countOn(count: number, more = 1): number {
  return (count + more) % ROUND;
}

/** How many were counted between two counts of XEP-0198. */
export function countedSince(count: number, before: number): number {
  return (count - before + ROUND) % ROUND;
}

/** Asks for stream management, resumable if the server can (XEP-0198 §3). */
export function smEnable(resume: boolean, maxSeconds?: number): string {
  const max = maxSeconds === undefined ? '' : ` max="${maxSeconds}"`;
  return `<enable xmlns="${NS_SM}"${resume ? ' resume="true"' : ''}${max}/>`;
}

/** Asks the other side how many stanzas it has handled (XEP-0198 §4). */
export function smRequest(): string {
  return `<r xmlns="${NS_SM}"/>`;
}

/** Tells the other side how many stanzas were handled (XEP-0198 §4). */
export function smAck(handled: number): string {
  return `<a xmlns="${NS_SM}" h="${handled}"/>`;
}

/** Resumes a session (XEP-0198 §5). */
export function smResume(id: string, handled: number): string {
  return `<resume xmlns="${NS_SM}" previd="${escapeXml(id)}" h="${handled}"/>`;
}
