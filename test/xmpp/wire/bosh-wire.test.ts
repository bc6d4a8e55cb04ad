import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it, mock } from 'node:test';
import { generate } from 'selfsigned';
import { BoshWire } from '../../../src/xmpp/wire/bosh-wire.ts';
import { defaultFrameLimits } from '../../../src/xmpp/wire/frame-grammar.ts';
import { ignoringOwner } from '../../../src/xmpp/wire/wire.ts';
import { eventually } from '../../support/eventually.ts';

/** Answered at once, and not counted as a request. */
const ROUND_TRIP = '/round-trip';

const BODY = "<body xmlns='http://jabber.org/protocol/httpbind'";

interface Request {
  rid: number;
  text: string;
  answer: (content: string, attributes?: string) => void;
  response: ServerResponse;
}

/** An HTTPS server whose answers after the login the test gives, behind a relay that can hold connections back. */
class Bosh implements AsyncDisposable {
  readonly requests: Request[] = [];
  /** Connections that come while this is set wait for {@link release}. */
  holds = false;
  readonly #held: (() => void)[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: ReturnType<typeof createServer>;
  readonly #relay = net.createServer((client) => {
    const join = (): void => {
      const server = net.connect((this.#server.address() as AddressInfo).port, '127.0.0.1');
      this.#keep(server);
      client.pipe(server).pipe(client);
      server.on('close', () => client.destroy());
      client.on('close', () => server.destroy());
    };
    this.#keep(client);
    if (this.holds) this.#held.push(join);
    else join();
  });

  private constructor(key: string, cert: string) {
    this.#server = createServer({ key, cert }, (request, response) => {
      void this.#take(request, response);
    });
  }

  static async start(): Promise<Bosh> {
    const pem = await generate([{ name: 'commonName', value: 'localhost' }], {
      keySize: 2048,
      algorithm: 'sha256',
    });
    const bosh = new Bosh(pem.private, pem.cert);
    for (const server of [bosh.#server, bosh.#relay]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    return bosh;
  }

  get port(): number {
    return (this.#relay.address() as AddressInfo).port;
  }

  get held(): number {
    return this.#held.length;
  }

  release(): void {
    this.holds = false;
    for (const join of this.#held.splice(0)) join();
  }

  /** The request with a number, counted from the first one's, as soon as it has come. */
  async request(index: number): Promise<Request> {
    await eventually(
      () => this.requests.length,
      (length) => length > index,
    );
    return this.requests[index]!;
  }

  /** Asks the server over a new connection, and waits for the answer. */
  async roundTrip(): Promise<void> {
    const { port } = this.#server.address() as AddressInfo;
    const options = { host: '127.0.0.1', port, path: ROUND_TRIP, rejectUnauthorized: false };
    const [response] = (await once(get(options), 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    for (const server of [this.#relay, this.#server]) {
      server.close();
      await once(server, 'close');
    }
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === ROUND_TRIP) {
      response.end();
      return;
    }
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += String(part);
    const rid = Number(/ rid="(\d+)"/.exec(text)?.[1]);
    const answer = (content: string, attributes = ''): void => {
      response.end(`${BODY}${attributes}>${content}</body>`);
    };
    this.requests.push({ rid, text, answer, response });
    // Those of the login at once: that is how long an answer takes.
    if (this.requests.length === 1) answer('', " sid='s'");
    if (this.requests.length === 2) answer("<iq xmlns='jabber:client' id='b' type='result'/>");
  }
}

interface Heard {
  wire: BoshWire;
  stanzas: string[];
  errors: Error[];
  /** What became of it: `ended`, `closed`. */
  ends: string[];
  isOpen: boolean;
}

const bindRequest = "<iq id='b' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";

/** Opens a wire, and a stream over it. */
function open(bosh: Bosh): Heard {
  const [stanzas, ends]: [string[], string[]] = [[], []];
  const errors: Error[] = [];
  const target = {
    ...{ host: '127.0.0.1', port: bosh.port, path: '/bosh', domain: 'localhost', isDirect: true },
    tls: { verify: false, ca: undefined, servername: 'localhost' },
    limits: defaultFrameLimits,
  };
  const wire = new BoshWire(target, {
    ...ignoringOwner,
    opened: () => (heard.isOpen = true),
    stanza: (text) => stanzas.push(text),
    failed: (error) => errors.push(error),
    ended: () => ends.push('ended'),
    closed: () => ends.push('closed'),
  });
  const heard = { wire, stanzas, errors, ends, isOpen: false };
  wire.write("<stream:stream to='localhost'>");
  return heard;
}

/** Opens a wire whose login is over: two requests have been made and answered, a third waits. */
async function opened(bosh: Bosh): Promise<Heard> {
  const heard = open(bosh);
  const { wire, stanzas } = heard;
  await eventually(
    () => heard.isOpen,
    (isOpen) => isOpen,
  );
  wire.write(bindRequest);
  await eventually(
    () => stanzas.length,
    (length) => length === 1,
  );
  wire.loggedIn();
  await bosh.request(2);
  return heard;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits without a timer. */
async function turnsUntil(isDone: () => boolean): Promise<void> {
  while (!isDone()) await nextTurn();
}

const message = (text: string): string => `<message><body>${text}</body></message>`;

describe('BOSH', () => {
  it('asks for news when it is told that the login is over, whatever was written', async () => {
    await using bosh = await Bosh.start();
    // Without timers it does not ask again during the login.
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const heard = open(bosh);
      const { wire, stanzas } = heard;
      await turnsUntil(() => heard.isOpen);
      wire.write(bindRequest);
      await turnsUntil(() => stanzas.length === 1);
      for (let turn = 0; turn < 10; turn++) await nextTurn();
      wire.write(message('before'));
      await turnsUntil(() => bosh.requests.length === 3);
      assert.match(bosh.requests[2]!.text, />before</);
      wire.loggedIn();
      bosh.requests[2]!.answer('');
      await turnsUntil(() => bosh.requests.length === 4);
      assert.match(bosh.requests[3]!.text, /^<body [^>]*\/>$/);
      wire.destroy();
    } finally {
      mock.timers.reset();
    }
  });

  it('keeps its order when the second connection is slow to come up', async () => {
    await using bosh = await Bosh.start();
    const { wire } = await opened(bosh);
    bosh.holds = true;
    wire.write(message('one'));
    await eventually(
      () => bosh.held,
      (held) => held === 1,
    );
    // The first connection is free again, and would take it at once.
    (await bosh.request(2)).answer('');
    wire.write(message('two'));
    // What the wire had sent by now over its first connection would arrive before this.
    await bosh.roundTrip();
    assert.equal(bosh.requests.length, 3);
    bosh.release();
    await bosh.request(4);
    const [first] = bosh.requests;
    assert.deepEqual(
      bosh.requests.map(({ rid }) => rid - first!.rid),
      [0, 1, 2, 3, 4],
    );
    assert.match(bosh.requests[3]!.text, />one</);
    assert.match(bosh.requests[4]!.text, />two</);
    wire.destroy();
  });

  it('says again what was lost with a connection that had been kept', async () => {
    await using bosh = await Bosh.start();
    const { wire, stanzas, errors } = await opened(bosh);
    const lost = await bosh.request(2);
    lost.response.destroy();
    const again = await bosh.request(3);
    assert.deepEqual([again.rid, again.text], [lost.rid, lost.text]);
    again.answer(message('here'));
    await eventually(
      () => stanzas,
      ([, stanza]) => stanza === message('here'),
    );
    assert.deepEqual(errors, []);
    wire.destroy();
  });

  it('ends after what was written, in its order, and hears the end', async () => {
    await using bosh = await Bosh.start();
    const { wire, ends } = await opened(bosh);
    wire.write(message('last words'));
    wire.write('</stream:stream>');
    const last = await bosh.request(3);
    assert.match(last.text, / type="terminate".*>last words</s);
    (await bosh.request(2)).answer('');
    last.answer('', " type='terminate'");
    await eventually(
      () => ends,
      (all) => all.length === 2,
    );
    assert.deepEqual(ends, ['ended', 'closed']);
    assert.equal(bosh.requests.length, 4);
  });

  it('tells what went wrong: an HTTP status, a condition, an answer without end', async () => {
    const wrong: [(request: Request) => void, RegExp][] = [
      [({ response }) => response.writeHead(503).end(), /answered HTTP 503 to BOSH/],
      [
        ({ answer }) => answer('', " type='terminate' condition='policy-violation'"),
        /ended the BOSH session: policy-violation/,
      ],
      [
        ({ response }) => {
          const more = (): void => {
            while (response.write('x'.repeat(1024 * 1024)));
          };
          response.on('drain', more);
          more();
        },
        /answered more than 16777216 bytes/,
      ],
    ];
    for (const [fault, expected] of wrong) {
      await using bosh = await Bosh.start();
      const { errors, ends } = await opened(bosh);
      fault(await bosh.request(2));
      await eventually(
        () => ends,
        (all) => all.includes('closed'),
      );
      assert.equal(errors.length, 1);
      assert.match(String(errors[0]), expected);
    }
  });
});
