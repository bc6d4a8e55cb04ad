import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { builtInVariables } from '../src/config/run-variables.ts';
import { environmentName } from '../src/config/variable.ts';
import type { Variables } from '../src/config/variable.ts';
import { clusterCommands, shellCommands } from '../src/console/command-table.ts';
import { listScenarios } from '../src/scenario/catalogue.ts';
import { ScenarioCompiler } from '../src/scenario/compiler.ts';
import { Project, ROOT } from './support/project.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The README's row of a setting. */
function row(name: string, variables: Variables): string {
  const { default: value, description } = variables[name]!;
  const shown = value === '' ? '' : ` \`${String(value)}\``;
  return `| \`${name}\` | \`${environmentName(name)}\` |${shown} | ${description} |`;
}

describe('the README', () => {
  it('lists every setting as it is declared', () => {
    const missing = Object.keys(builtInVariables)
      .map((name) => row(name, builtInVariables))
      .filter((line) => !readme.replace(/ +\|/g, ' |').includes(line));
    assert.deepEqual(missing, []);
  });

  it('names every command and every scenario', () => {
    for (const { name } of [...clusterCommands, ...shellCommands]) {
      assert.match(readme, new RegExp(`\\b${name}\\(`), name);
    }
    for (const name of listScenarios(join(ROOT, 'scenarios')))
      assert.ok(readme.includes(`\`${name}\``), name);
  });

  it('shows a scenario that compiles', async () => {
    const source = /```ts\n(import \{ chatTo[\s\S]*?)```/.exec(readme)![1]!;
    using project = new Project({ shown: source });
    await new ScenarioCompiler(join(project.folder, 'scenarios'), ROOT).compile('shown');
  });

  it('shows a first session in the words of today', () => {
    for (const words of [
      'ok: my_scenario, users 1..10 on 2 processes, one every 50 ms',
      'removed at once',
      '** error: ',
    ]) {
      assert.ok(readme.includes(words), words);
    }
  });
});
