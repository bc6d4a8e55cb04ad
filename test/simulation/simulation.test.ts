import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cases } from '../support/cases.ts';
import { live, makeHistory, shrink } from './simulation.ts';
import type { History } from './simulation.ts';

/** AMOC_SIMULATION_SEEDS: how many histories in all; AMOC_SIMULATION_SEED: the first. */
const SEEDS = cases('AMOC_SIMULATION_SEEDS', 500);
const FIRST = Number(process.env['AMOC_SIMULATION_SEED'] ?? 1);
const STEPS = 30;

describe('a simulated cluster', () => {
  it(`keeps every user on one node, and puts all right when the faults end (${SEEDS} histories)`, async () => {
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const history = makeHistory(seed, STEPS);
      try {
        await live(history);
      } catch (error) {
        const shortest = JSON.stringify(await shrink(history), null, 1);
        const repeat = `make simulate SEED=${seed} STEPS=${STEPS}`;
        assert.fail(`seed ${seed} fails: ${String(error)}\n${shortest}\n${repeat}`);
      }
    }
  });

  it('finds nodes that keep their users beyond their lease, and shrinks what shows it', async () => {
    let failing: History | undefined;
    for (let seed = 1; seed <= 60 && failing === undefined; seed++) {
      const history: History = { ...makeHistory(seed, STEPS), withoutLeases: true };
      await live(history).catch(() => (failing = history));
    }
    assert.ok(failing !== undefined, 'no history showed the fault');
    const shortest = await shrink(failing);
    assert.ok(shortest.steps.length <= failing.steps.length);
    await assert.rejects(live(shortest), { name: 'Violation' });
  });
});
