/** `make simulate SEED=… STEPS=…`: one history, or many from a seed on; a failing one is shrunk and printed. */
import { live, makeHistory, shrink } from './simulation.ts';

const first = Number(process.env['SEED'] ?? 1);
const count = Number(process.env['SEEDS'] ?? 1);
const steps = Number(process.env['STEPS'] ?? 40);
let starts = 0;
let current = first;
let virtualMs = 0;
// What no promise of the simulation catches is a fault of amoc's: it would have ended a process.
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack ?? String(error)}\n`);
  fail(`seed ${current} fails: an uncaught ${error.name}`);
});

function fail(what: string): never {
  process.stdout.write(`${what}\nmake simulate SEED=${current} STEPS=${steps}\n`);
  process.exit(1);
}

for (let seed = first; seed < first + count; seed++) {
  const history = makeHistory(seed, steps);
  current = seed;
  try {
    const outcome = await live(history);
    starts += outcome.starts;
    virtualMs += outcome.virtualMs;
  } catch (error) {
    if (process.env['FIRST'] !== undefined) fail(`seed ${seed} fails: ${String(error)}`);
    const shortest = await shrink(history);
    process.stdout.write(
      `seed ${seed} fails: ${String(error)}\n${JSON.stringify(shortest, null, 1)}\nmake simulate SEED=${seed} STEPS=${steps}\n`,
    );
    process.exitCode = 1;
  }
}
process.stdout.write(
  `${count} histories of ${steps} steps from seed ${first}: ${starts} user starts in ${Math.round(virtualMs / 60_000)} virtual minutes\n`,
);
process.exit();
