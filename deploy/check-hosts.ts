/** `make prepare` and `make deploy` check `hosts` with this before any machine is contacted. */
import { readFileSync } from 'node:fs';
import { readInventory } from './inventory.ts';

const [, , path = 'hosts'] = process.argv;
let text: string | undefined;
try {
  text = readFileSync(path, 'utf8');
} catch {
  process.stderr.write(
    `${path}: there is no such file; it names the machines, see docs/deploy.md\n`,
  );
}
const mistakes = text === undefined ? [] : readInventory(text).mistakes;
for (const mistake of mistakes) process.stderr.write(`${path}: ${mistake}\n`);
if (text === undefined || mistakes.length > 0) process.exitCode = 2;
