import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, it } from 'node:test';
import { live, makeHistory, shrink } from './simulation.ts';
import type { History } from './simulation.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('./simulate.js', import.meta.url));

/** AMOC_SIMULATION_SEEDS: how many histories in all; AMOC_SIMULATION_SEED: the first. */
const SEEDS = Number(process.env['AMOC_SIMULATION_SEEDS'] ?? 500);
const FIRST = Number(process.env['AMOC_SIMULATION_SEED'] ?? 1);
const SHARDS = 2;

describe('a simulated cluster', () => {
  it('keeps every user on one node, and puts all right when the faults end', async () => {
    const share = Math.ceil(SEEDS / SHARDS);
    await Promise.all(
      Array.from({ length: SHARDS }, async (_, shard) => {
        const env = {
          ...process.env,
          SEED: String(FIRST + shard * share),
          SEEDS: String(share),
          STEPS: '30',
        };
        try {
          await run(process.execPath, [program], { env });
        } catch (error) {
          assert.fail((error as { stdout?: string }).stdout ?? String(error));
        }
      }),
    );
  });

  it('finds nodes that keep their users beyond their lease, and shrinks what shows it', async () => {
    let failing: History | undefined;
    for (let seed = 1; seed <= 60 && failing === undefined; seed++) {
      const history: History = { ...makeHistory(seed, 30), withoutLeases: true };
      await live(history).catch(() => (failing = history));
    }
    assert.ok(failing !== undefined, 'no history showed the fault');
    const shortest = await shrink(failing);
    assert.ok(shortest.steps.length <= failing.steps.length);
    await assert.rejects(live(shortest), { name: 'Violation' });
  });
});
