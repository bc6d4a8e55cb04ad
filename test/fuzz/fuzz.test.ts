import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../src/lib/ids/random.ts';
import type { StatusView } from '../../src/control/views.ts';
import { cases, seed } from '../support/cases.ts';
import { eventually } from '../support/eventually.ts';
import { oddConsoles } from './attach.ts';
import { oddClients } from './embedded.ts';
import { Field } from './field.ts';
import { holders } from './holders.ts';
import type { HoldersTold } from './holders.ts';
import { oddRequests } from './http.ts';
import { oddSums } from './odd-values.ts';
import { strangers } from './strangers.ts';

/** To the control port; a third of them come from strangers. */
const FRAMES = cases('AMOC_FUZZ_LIVE_FRAMES', 4000);
/** To each of the other ways in. */
const PIECES = cases('AMOC_FUZZ_PIECES', 1000);
/** That users of the run give, and with which they fail. */
const VALUES = cases('AMOC_FUZZ_VALUES', 2000);
const SEED = seed();

const STAYING = 200;
const FAILING = Math.ceil(VALUES / 20);
const EACH = Math.ceil(VALUES / STAYING);
/** The master may keep so much more than before. */
const MAX_GROWTH_MB = 50;
/** ARCHITECTURE.md, Bounds: the log of a node, with what is written while one is put aside. */
const MAX_LOG_BYTES = 6 * 10_000_000 + 12_000_000;
const LOOK_MS = 1000;
/** What is made once, by whatever comes first, is made before memory is measured. */
const WARM = { frames: 1000, pieces: 300 };

describe(`everything that is open, while a run goes on (AMOC_FUZZ_SEED=${SEED})`, () => {
  it(`bears ${FRAMES} frames of slaves, ${PIECES} pieces each to consoles, HTTP and XMPP, and ${VALUES} odd values`, async (t) => {
    const users = { staying: STAYING, failing: FAILING };
    await using field = await Field.open({ seed: SEED, users, each: EACH });
    await attack(field, 1, WARM.frames, WARM.pieces);
    const before = await field.memoryMb();
    const began = performance.now();
    const told = await attack(field, 2, FRAMES, PIECES);
    const tookMs = performance.now() - began;
    field.demandWhole(await field.status());
    field.demandSameProcesses();
    const after = await field.memoryMb((mb) => mb - before < MAX_GROWTH_MB);
    t.diagnostic(
      `${told.frames} frames of slaves over ${told.connections} connections, ${told.pieces} pieces elsewhere, in ${Math.round(tookMs / 1000)} s; the master had ${Math.round(before)} MB before and ${Math.round(after)} MB after; ${told.liars.length} liars; ${told.looks} looks`,
    );
    assert.ok(
      after - before < MAX_GROWTH_MB,
      `${before.toFixed(0)} MB before, ${after.toFixed(0)} MB after`,
    );
    assert.ok(field.logBytes < MAX_LOG_BYTES, `the log has ${field.logBytes} bytes`);
    await eventually(
      () => field.value<Record<string, number>>('amocDist.metrics().counters'),
      ({ odd_done }) => odd_done === STAYING,
    );
    const result = await field.stop();
    demandExact(result.metrics.counters, field);
    const expected = oddSums(SEED, STAYING, EACH);
    assert.equal(result.metrics.times['odd_time']?.count ?? 0, expected.timed);
    // Those that a start() failed with, and those that nobody waited for.
    const errors = result.errors.reduce((sum, { count }) => sum + count, 0);
    assert.equal(errors, FAILING + expected.stray);
    const { finished, removed, crashed, lost } = result.users;
    assert.deepEqual([finished, removed, crashed, lost], [0, STAYING, FAILING, 0]);
    const distrusted = new Set(result.distrusted?.map(({ node }) => node));
    assert.deepEqual(
      told.liars.filter((name) => !distrusted.has(name)),
      [],
    );
    assert.ok(![...distrusted].some((name) => name.startsWith('honest')), [...distrusted].join());
    field.demandSameProcesses();
  });
});

/** What the users have counted is there, and nothing that a slave made by hand has said. */
function demandExact(counters: Readonly<Record<string, number>>, field: Field): void {
  const counted = field.counted();
  assert.equal(counted.length, STAYING);
  const expected = oddSums(SEED, STAYING, EACH);
  const labelled = Object.entries(counters)
    .filter(([name]) => name.startsWith('odd_labels'))
    .reduce((sum, [, count]) => sum + count, 0);
  assert.deepEqual(
    Object.keys(counters).filter((name) => name.startsWith('liar')),
    [],
  );
  assert.deepEqual(
    {
      beats: counters['beats'],
      accepted: counters['odd_accepted'],
      refused: counters['odd_refused'],
      sum: counters['odd_sum'] ?? 0,
      labelled,
    },
    {
      beats: counted.reduce((sum, count) => sum + count, 0),
      accepted: expected.accepted + expected.stray,
      refused: expected.refused,
      sum: expected.sum,
      labelled: expected.labelled,
    },
  );
}

interface Told extends HoldersTold {
  pieces: number;
  looks: number;
}

/** All ways in at once; meanwhile somebody looks how the run stands. */
async function attack(field: Field, round: number, frames: number, pieces: number): Promise<Told> {
  const random = (way: number): ReturnType<typeof seededRandom> => seededRandom(SEED, round, way);
  const over = new AbortController();
  const looking = look(field, over.signal);
  try {
    const [before, behind, ...others] = await Promise.all([
      strangers(field, random(1), Math.ceil(frames / 3)),
      holders(field, random(2), Math.ceil((frames * 2) / 3), `r${round}`),
      oddConsoles(field, random(3), pieces),
      oddRequests(field, random(4), pieces),
      oddClients(field, random(5), pieces),
    ]);
    over.abort();
    return {
      ...behind,
      frames: before.frames + behind.frames,
      connections: before.connections + behind.connections,
      pieces: others.reduce((sum, count) => sum + count, 0),
      looks: await looking,
    };
  } finally {
    over.abort();
    await looking.catch(() => {});
  }
}

/** Asks for the status until it is told to stop: everybody must be there in each, and messages arrive meanwhile. */
async function look(field: Field, signal: AbortSignal): Promise<number> {
  let looks = 0;
  let first: StatusView | undefined;
  let last: StatusView | undefined;
  while (!signal.aborted) {
    const status = await field.status();
    field.demandWhole(status);
    first ??= status;
    last = status;
    looks++;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  const [before, after] = [first, last].map((status) => status?.messages.received ?? 0);
  assert.ok(looks < 2 || (after ?? 0) > (before ?? 0), 'no message has arrived meanwhile');
  return looks;
}
