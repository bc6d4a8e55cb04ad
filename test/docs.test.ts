import assert from 'node:assert/strict';
import * as amoc from '../src/index.ts';
import { Session } from '../src/xmpp/session/session.ts';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { builtInVariables } from '../src/app/drivers.ts';
import { environmentName } from '../src/config/variable.ts';
import type { Variables } from '../src/config/variable.ts';
import { allDocs } from '../src/console/shell-commands.ts';
import { MetricsRegistry } from '../src/metrics/metrics.ts';
import { features } from '../src/features/index.ts';
import { PooledUser } from '../src/users/user.ts';
import { HttpFacet } from '../src/drivers/http/facet.ts';
import { XmppFacet } from '../src/xmpp/user/facet.ts';
import { builtInMetrics } from '../src/metrics/catalogue.ts';
import { outputs } from '../src/outputs/index.ts';
import { exitCodes } from '../src/record/outcome.ts';
import { parseThreshold } from '../src/record/thresholds.ts';
import { listScenarios } from '../src/scenario/catalogue.ts';
import { withConformance } from './conformance/table.ts';
import { withCommands } from './support/commands-table.ts';
import { withEnvironment } from './support/environment-table.ts';
import { withTable } from './support/metrics-table.ts';
import { ScenarioCompiler } from '../src/scenario/compiler.ts';
import { ROOT } from './support/root.ts';
import { Project } from './support/project.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The README's row of a setting. */
function row(name: string, variables: Variables): string {
  const { default: value, description } = variables[name]!;
  const shown = value === '' ? '' : ` \`${String(value)}\``;
  return `| \`${name}\` | \`${environmentName(name)}\` |${shown} | ${description} |`;
}

describe('the page on security', () => {
  const page = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8');

  it('names tests that are there', () => {
    const named = [...page.matchAll(/`(test\/[^`]+)`/g)].map(([, path]) => path as string);
    assert.ok(named.length > 30, `only ${named.length} were found`);
    assert.deepEqual(
      named.filter((path) => !existsSync(join(ROOT, path))),
      [],
    );
  });

  it('is where README and the guides lead', () => {
    for (const from of ['README.md', 'docs/distributed.md', 'docs/deploy.md']) {
      assert.match(readFileSync(join(ROOT, from), 'utf8'), /\(((docs\/)?security\.md)\)/, from);
    }
  });
});

describe('the page on conformance', () => {
  it('has the table of today', () => {
    const page = readFileSync(join(ROOT, 'docs', 'conformance.md'), 'utf8');
    assert.equal(withConformance(page), page, 'run: make docs');
  });
});

describe('the README', () => {
  it('lists every setting as it is declared', () => {
    const missing = Object.keys(builtInVariables)
      .map((name) => row(name, builtInVariables))
      .filter((line) => !readme.replace(/ +\|/g, ' |').includes(line));
    assert.deepEqual(missing, []);
  });

  it('lists every variable of the processes as it is declared', () => {
    assert.equal(withEnvironment(readme), readme, 'run: make docs');
  });

  it('lists every command as it is declared', () => {
    assert.equal(withCommands(readme), readme, 'run: make docs');
    for (const { use } of allDocs) assert.ok(readme.includes(`\`${use}\``), use);
  });

  it('names every scenario', () => {
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

describe('docs/escalus.md', () => {
  const page = readFileSync(join(ROOT, 'docs', 'escalus.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z0-9_]+\/[\d,]+)` \| (.+) \|$/gm)];

  it('answers for each function of escalus', () => {
    assert.equal(rows.length, 336);
  });

  it('names only what there is', () => {
    const session = Object.getOwnPropertyNames(Session.prototype);
    const unknown: string[] = [];
    for (const [, , here] of rows) {
      for (const [, quoted] of (here as string).matchAll(/`([^`]+)`/g)) {
        const [, head, field] = /^([A-Za-z]+)(?:\.([A-Za-z]+))?/.exec(quoted as string) ?? [];
        if (head === 'session') {
          if (!session.includes(field as string)) unknown.push(quoted as string);
        } else if (head !== undefined && head in amoc) {
          const value = (amoc as Record<string, unknown>)[head];
          if (field !== undefined && (value as Record<string, unknown>)[field] === undefined) {
            unknown.push(quoted as string);
          }
        } else if (/^(?:is|has)[A-Z]|^[a-z]+[A-Z]?[A-Za-z]*\.[a-z]/.test(quoted as string)) {
          const ofNode = /^(?:user|stanza|element|array|jid|text|crypto|mucLight)\b/;
          if (!ofNode.test(quoted as string)) unknown.push(quoted as string);
        }
      }
    }
    assert.deepEqual(unknown, []);
  });
});

describe('docs/xmpp.md', () => {
  const page = readFileSync(join(ROOT, 'docs', 'xmpp.md'), 'utf8');
  const others = ['scenarios.md', 'http.md'].map((name) => join(ROOT, 'docs', name));
  const pages = [page, ...others.map((path) => readFileSync(path, 'utf8'))].join('\n');
  const isNamed = (name: string): boolean =>
    new RegExp(`(?<![\\w.])${name.replace('.', '\\.')}(?!\\w)`).test(pages);

  it('names every function that a scenario can import, those in groups too', () => {
    // What is of ltx is on its own page.
    const exported = Object.entries(amoc).filter(([name]) => name !== 'xml');
    const names = exported.flatMap(([name, value]) => {
      const isGroup = typeof value === 'object';
      const inside = Object.entries(value)
        .filter(([, each]) => typeof each === 'function')
        .map(([each]) => `${name}.${each}`)
        // The same function under a name of its own.
        .filter(
          (each) => !['registration.registerAccount', 'registration.removeAccount'].includes(each),
        );
      return isGroup && inside.length > 0 ? inside : [name, ...inside];
    });
    assert.ok(names.length > 200, String(names.length));
    assert.deepEqual(
      names.filter((name) => !isNamed(name)),
      [],
    );
  });

  it('names every option of a connection', () => {
    const source = readFileSync(join(ROOT, 'src', 'xmpp', 'user', 'target.ts'), 'utf8');
    const [, type = ''] = /export type UserConnectOptions = ([\s\S]*?)\n};/.exec(source) ?? [];
    const options = [...type.matchAll(/\| '(\w+)'|^ {2}(\w+)\?:/gm)].map(
      ([, picked, own]) => (picked ?? own) as string,
    );
    assert.ok(options.length > 12, options.join());
    const rows = /## Connecting\n([\s\S]*?)\n## /.exec(page)![1]!.matchAll(/^\| (`.*?) \|/gm);
    const named = [...rows].flatMap(([, cell]) =>
      cell!.split(', ').map((each) => each.slice(1, -1)),
    );
    assert.deepEqual(options.toSorted(), named.toSorted());
  });

  it('names every predicate in its table', () => {
    const table = page.slice(page.indexOf('## All predicates'));
    const predicates = Object.keys(amoc).filter((name) => /^(?:is|has)[A-Z]/.test(name));
    assert.deepEqual(
      predicates.filter((name) => !table.includes(`\`${name}\``)),
      [],
    );
  });
});

describe('docs/arsenal.md', () => {
  const page = readFileSync(join(ROOT, 'docs', 'arsenal.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (`.+?) \| (.+) \|$/gm)].map(([, there, here]) => ({
    there: there!,
    here: here!,
  }));

  it('answers for each module of helpers', () => {
    const modules = [
      ...['amoc_xmpp', 'amoc_xmpp_handlers', 'amoc_xmpp_inbox', 'amoc_xmpp_mam', 'amoc_xmpp_muc'],
      ...['amoc_xmpp_ping', 'amoc_xmpp_presence', 'amoc_xmpp_users', 'dynamic_domains', 'http_req'],
      ...['iq_metrics', 'timetable', 'amoc_config_validation'],
    ];
    for (const name of modules) {
      const isThere = rows.some(({ there }) => new RegExp(`\`${name}[:\`]`).test(there));
      assert.ok(isThere, name);
    }
  });

  it('calls only what there is', () => {
    const methods = (...types: { prototype: object }[]): string[] =>
      types.flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype));
    const known: Record<string, readonly string[]> = {
      session: methods(Session),
      user: [...methods(PooledUser, XmppFacet), ...features.flatMap(({ functions }) => functions)],
      http: methods(HttpFacet),
      metrics: methods(MetricsRegistry),
      Math: ['ceil'],
    };
    const plain = new Set(['fetch', 'setup', 'add', 'record']);
    const unknown: string[] = [];
    for (const { here } of rows) {
      for (const [all, of, name] of here.matchAll(/(?:(\w+)\.)?(\w+)\(/g)) {
        const value = (amoc as Record<string, unknown>)[of ?? name!];
        if (of === undefined ? value !== undefined || plain.has(name!) : known[of]?.includes(name!))
          continue;
        if (
          of !== undefined &&
          (value as Record<string, unknown> | undefined)?.[name!] !== undefined
        )
          continue;
        unknown.push(all);
      }
    }
    assert.ok(rows.length > 40, String(rows.length));
    assert.deepEqual(unknown, []);
  });

  it('names scenarios that there are', () => {
    const shipped = listScenarios(join(ROOT, 'scenarios'));
    for (const name of ['mongoose_pubsub', 'pep_devices', 'http_req', 'mixed_traffic']) {
      assert.ok(shipped.includes(name) && page.includes(`\`${name}\``), name);
    }
  });

  it('shows a scenario that compiles, and README leads to it', async () => {
    const source = /```ts\n([\s\S]*?)```/.exec(page)![1]!;
    using project = new Project({ shown: source });
    await new ScenarioCompiler(join(project.folder, 'scenarios'), ROOT).compile('shown');
    assert.ok(readme.includes('(docs/arsenal.md)'));
  });
});

describe('docs/http.md', () => {
  const page = readFileSync(join(ROOT, 'docs', 'http.md'), 'utf8');

  it('shows a scenario that compiles, and README leads to it', async () => {
    const source = /```ts\n([\s\S]*?)```/.exec(page)![1]!;
    using project = new Project({ shown: source });
    await new ScenarioCompiler(join(project.folder, 'scenarios'), ROOT).compile('shown');
    assert.ok(readme.includes('(docs/http.md)'));
  });

  it('names every call, every option and every setting', () => {
    const calls = Object.getOwnPropertyNames(HttpFacet.prototype).filter(
      (name) => name !== 'constructor',
    );
    const options = ['headers', 'body', 'json', 'timeout', 'redirects', 'name', 'since'];
    const settings = ['httpBase', 'httpConnections', 'httpTimeout', 'httpBodyBytes'];
    for (const name of [...calls, ...options, ...settings]) {
      assert.match(page, new RegExp(`\\b${name}\\b`), name);
    }
  });
});

describe('docs/scenarios.md', () => {
  const page = readFileSync(join(ROOT, 'docs', 'scenarios.md'), 'utf8');
  const examples = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

  it('shows scenarios that compile, with the files that they name', async () => {
    assert.ok(examples.length >= 3);
    using project = new Project(
      Object.fromEntries(examples.map((code, at) => [`shown_${at}`, code])),
    );
    for (const length of ['short', 'long']) {
      project.write(
        `scenarios/lib/${length}.ts`,
        `import type { User } from 'amoc';\nexport const talk = (user: User) => user.sleep('1s');\n`,
      );
    }
    project.write('scenarios/accounts.json', '[{ "username": "ann", "password": "x" }]');
    project.write('scenarios/names.csv', 'ann\nbob\n');
    project.write('scenarios/lib/greetings.json', '["hello"]');
    const compiler = new ScenarioCompiler(join(project.folder, 'scenarios'), ROOT);
    const travelling = await Promise.all(
      examples.map(async (_, at) => {
        const { files, data = [] } = await compiler.compile(`shown_${at}`);
        return [...files, ...data].map(({ path }) => path);
      }),
    );
    assert.deepEqual(travelling, [
      ['lib/short.js', 'lib/long.js', 'shown_0.js'],
      ['accounts.json.js', 'shown_1.js', 'accounts.json'],
      ['shown_2.js', 'names.csv', 'lib/greetings.json'],
      ['shown_3.js'],
    ]);
  });

  it('is named by the README', () => {
    assert.ok(readme.includes('[docs/scenarios.md](docs/scenarios.md)'));
    assert.ok(readme.includes('`user.row(rows)`'));
  });
});

describe('docs/metrics.md', () => {
  const page = readFileSync(join(ROOT, 'docs', 'metrics.md'), 'utf8');

  it('lists every built-in metric as it is declared (make docs)', () => {
    assert.equal(page, withTable(page));
    for (const [name] of builtInMetrics()) assert.ok(page.includes(`| \`${name}`), name);
  });

  it('names every variable that says where figures go', () => {
    const kept = ['AMOC_RUNS', 'AMOC_RUNS_KEEP', 'AMOC_RUNS_MB'];
    const names = [...kept, ...outputs.flatMap(({ variables }) => Object.keys(variables))];
    assert.ok(names.length >= 14);
    for (const name of names) assert.ok(page.includes(`\`${name}\``), name);
  });

  it('names only metrics that are measured: those of a run are all in the table', async () => {
    using project = new Project({ my_scenario: true });
    const { out } = await project.amoc(['run', 'my_scenario', '1', '3', '--for', '2s', '--json'], {
      env: { AMOC_STOP_TIMEOUT: '100ms' },
    });
    const { metrics } = JSON.parse(out) as { metrics: Record<string, Record<string, unknown>> };
    const seen = Object.values(metrics).flatMap((group) => Object.keys(group));
    assert.ok(seen.length > 8, seen.join());
    for (const key of seen) {
      const name = key.replace(/\{.*/, '');
      assert.ok(page.includes(`\`${name}\``) || page.includes(`\`${name}{`), name);
    }
  });
});

describe('docs/ci.md', () => {
  const page = readFileSync(join(ROOT, 'docs', 'ci.md'), 'utf8');

  it('has every exit code, and thresholds that can be read', () => {
    for (const code of Object.values(exitCodes)) {
      assert.match(page, new RegExp(`^\\| ${code} \\|`, 'm'));
    }
    const shown = [...page.matchAll(/--threshold ((?:'[^']+' ?)+)/g)].flatMap(([, all]) =>
      [...all!.matchAll(/'([^']+)'/g)].map(([, text]) => text!),
    );
    assert.ok(shown.length >= 6);
    for (const text of shown) parseThreshold(text);
  });
});
