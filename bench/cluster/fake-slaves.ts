/**
 * Slaves without real users: they follow the protocol, and report a given number of metrics once a second.
 * Arguments: the master's address, the number of slaves, the number of metrics of each.
 */
import { builtInVariables } from '../../src/app/drivers.ts';
import { resolveSettings } from '../../src/config/resolve.ts';
import { systemClock } from '../../src/lib/time/clock.ts';
import { digestOf } from '../../src/lib/ids/id-digest.ts';
import { newIdentity } from '../../src/lib/ids/identity.ts';
import { noUsers } from '../../src/lib/user-states.ts';
import { IdSet } from '../../src/lib/ids/id-set.ts';
import { MetricsRegistry } from '../../src/metrics/metrics.ts';
import { offerHandshake } from '../../src/protocol/handshake.ts';
import { BEAT_MS } from '../../src/protocol/lease.ts';
import type { Operation, SlaveMessage } from '../../src/protocol/messages.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { dialMaster } from '../../src/protocol/websocket-transport.ts';

/** The messages to the bench, with times of this machine's clock. */
export type FakeReport =
  | { type: 'joined' }
  | { type: 'assigned'; users: number; at: number }
  | { type: 'died'; at: number; users: number };

const [master = '', count = '1', metrics = '0'] = process.argv.slice(2);
const cookie = process.env['AMOC_COOKIE'] ?? '';
const settings = resolveSettings(
  builtInVariables,
  { file: {}, environment: {}, call: { interarrival: 1, recovery: 100 } },
  'bench',
);

class FakeSlave {
  readonly #transport: Transport;
  #run: string | undefined;
  #revision = 0;
  #sequence = 0;
  #beats = 0;
  users = IdSet.empty;

  constructor(transport: Transport, at: number) {
    this.#transport = transport;
    transport.onFrame = (frame) => this.#hear(frame);
    // Spread over the second, as the reports of machines are.
    setTimeout(
      () => {
        setInterval(() => this.#report(), 1000);
        setInterval(() => this.#send({ type: 'beat', sequence: ++this.#beats }), BEAT_MS);
      },
      (at * 997) % 1000,
    );
    this.#send({ type: 'beat', sequence: ++this.#beats });
  }

  die(): void {
    tell({ type: 'died', at: Date.now(), users: this.users.size });
    this.#transport.close('died');
  }

  #send(message: SlaveMessage): void {
    this.#transport.send(JSON.stringify(message));
  }

  #report(): void {
    this.#send({
      type: 'report',
      sequence: ++this.#sequence,
      ...(this.#run === undefined ? {} : { run: this.#run, digest: digestOf(this.users) }),
      users: { ...noUsers, running: this.users.size },
      load: { cpu: 0.5, loopDelayMs: 1, rssBytes: 1e8 },
      delta: this.#run === undefined ? { counters: {}, histograms: {} } : delta,
      ended: {
        finished: [],
        crashed: [],
        removed: [],
        moved: [],
        back: [],
        revision: this.#revision,
      },
    });
  }

  #hear(frame: string): void {
    const message = JSON.parse(frame) as {
      type: string;
      id: number;
      operation: Operation;
      params: { run: string; ids: { from: number; to: number; step: number }[]; revision: number };
    };
    if (message.type !== 'request') return;
    const { id, operation, params } = message;
    let result: unknown = {};
    if (operation === 'prepare') {
      this.#run = params.run;
      result = { settings, variables: [], connectionsPerUser: 0 };
    } else if (operation === 'init') this.#revision = params.revision;
    else if (operation === 'assign') {
      this.#revision = params.revision;
      const ids = IdSet.ofDisjoint(params.ids);
      this.users = this.users.union(ids);
      tell({ type: 'assigned', users: ids.size, at: Date.now() });
    } else if (operation === 'discard') {
      this.#run = undefined;
      this.users = IdSet.empty;
    }
    this.#send({ type: 'reply', id, result });
  }
}

const tell = (report: FakeReport): void => {
  process.send?.(report);
};

const registry = new MetricsRegistry();
for (let at = 0; at < Number(metrics); at++) {
  // Three of 50 are histograms, as in a run of a shipped scenario.
  if (at % 17 !== 0) registry.counter(`counter_${at}`).add(at + 1);
  else {
    const histogram = registry.histogram(`histogram_${at}`);
    for (let value = 1; value < 200; value++) histogram.record(value * value * 0.01);
  }
}
const delta = registry.drain();

const slaves: FakeSlave[] = [];
for (let at = 0; at < Number(count); at++) {
  const transport = await dialMaster(master);
  const info = {
    name: `slave${at + 1}/1`,
    host: `host${at + 1}`,
    pid: 1,
    version: '0',
    node: process.versions.node,
    identity: newIdentity(),
  };
  await offerHandshake(transport, cookie, 'slave', info, systemClock);
  slaves.push(new FakeSlave(transport, at));
}
tell({ type: 'joined' });
process.on('message', (message) => {
  if (message === 'die') slaves.pop()?.die();
});
process.on('disconnect', () => process.exit());
