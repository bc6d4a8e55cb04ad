import { connect } from 'node:net';

const WAIT_MS = 20_000;

/** The opening of a client's stream. */
const header = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`;

/** A stream by hand, for what no client of amoc's would send. */
export class RawStream implements Disposable {
  readonly #socket;
  #text = '';
  #hasEnded = false;
  #changed = (): void => {};

  /** Connects to a port of this machine. */
  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1').setEncoding('utf8');
    this.#socket.on('data', (text) => {
      this.#text += String(text);
      this.#changed();
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#hasEnded = true;
      this.#changed();
    });
  }

  send(text: string | Buffer): void {
    this.#socket.write(text);
  }

  /** Waits for a text that fits. @returns all that came up to its end, which is forgotten */
  async read(wanted: RegExp): Promise<string> {
    const late = AbortSignal.timeout(WAIT_MS);
    late.onabort = () => this.#changed();
    for (;;) {
      const found = wanted.exec(this.#text);
      if (found !== null) {
        const end = found.index + found[0].length;
        const text = this.#text.slice(0, end);
        this.#text = this.#text.slice(end);
        return text;
      }
      if (this.#hasEnded || late.aborted) {
        throw new Error(
          `${wanted} did not come${this.#hasEnded ? ' before the end' : ''}: ${this.#text}`,
        );
      }
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  /** Opens the stream. @returns what the server offers */
  async open(): Promise<string> {
    this.send(header);
    return this.read(/<\/stream:features>/);
  }

  /** Logs in with PLAIN and SASL2 (XEP-0388). @param inline what else is asked. @returns the answer */
  async logIn(username: string, password: string, inline = ''): Promise<string> {
    await this.open();
    const first = Buffer.from(`\0${username}\0${password}`).toString('base64');
    this.send(
      `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>${first}</initial-response>${inline}</authenticate>`,
    );
    return this.read(/<\/(?:success|failure)>/);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
