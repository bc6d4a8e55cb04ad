import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freePort } from '../support/ports.ts';
import { processesOf } from '../support/processes.ts';
import { Project } from '../support/project.ts';
import type { Ended } from '../support/project.ts';
import { badScenarios } from '../support/scenarios.ts';

/** What each call answers in one console, one after the other: the shell has to live on. */
async function answers(project: Project, ...calls: string[]): Promise<string[]> {
  const lines = calls.map(
    (call) => `await (async () => ${call})().catch((e: Error) => 'error: ' + e.message)`,
  );
  const { code, out, err } = await project.amoc(['console'], {
    input: lines.map((line) => `console.log(JSON.stringify(${line}))\n`).join(''),
  });
  assert.equal(code, 0, `${out}\n${err}`);
  assert.deepEqual(processesOf(project.folder), [], 'a process is left behind');
  return out
    .trimEnd()
    .split('\n')
    .map((line) => String(JSON.parse(line) ?? ''));
}

describe('bad input in the console', () => {
  it('is answered in a line or two, and starts nothing', async () => {
    using project = new Project({ my_scenario: true, ...badScenarios });
    const cases: [string, RegExp][] = [
      [
        "amocLocal.do('my_scenari', 1, 10)",
        /no scenario 'my_scenari' in scenarios\/; did you mean 'my_scenario'\?/,
      ],
      [
        "amocLocal.do('broken', 1, 10)",
        /broken\.ts does not compile\nscenarios\/broken\.ts:3:17 TS2345: [^\n]*\n3 \|/,
      ],
      [
        "amocLocal.do('no_start', 1, 10)",
        /no_start has no start; add: export async function start/,
      ],
      ["amocLocal.do('../secret', 1, 10)", /"\.\.\/secret" is not a valid scenario name/],
      ["amocLocal.do('my_scenario', 10, 1)", /from \(10\) is above to \(1\)/],
      ["amocLocal.do('my_scenario', 0, 1)", /from is 0; it must be a whole number from 1/],
      ["amocLocal.do('my_scenario', -3, 1)", /from is -3/],
      ["amocLocal.do('my_scenario', 1, 2.5)", /to is 2\.5/],
      ["amocLocal.do('my_scenario', NaN, 2)", /from is NaN/],
      ["amocLocal.do('my_scenario', '1', 2)", /from is "1"/],
      ["amocLocal.do('my_scenario', 1, 10 ** 12)", /to is 1000000000000/],
      [
        "amocLocal.do('my_scenario', 1, 2, { coment: 'x' })",
        /no option 'coment'; did you mean 'comment'/,
      ],
      [
        "amocLocal.do('my_scenario', 1, 2, { settings: { mesages: 1 } })",
        /mesages is not a setting.*did you mean 'messages'/,
      ],
      [
        "amocLocal.do('picky', 1, 2, { settings: { size: -1 } })",
        /size: -1 is not a number above 0 \(a size\), from settings/,
      ],
      ["amocLocal.do('init_throws', 1, 2)", /init failed on local\/\d: no database here/],
      [
        "amocLocal.do('init_hangs', 1, 2, { settings: { initTimeout: 300 } })",
        /init failed on local\/\d: init did not finish within 0\.3 s/,
      ],
      ['amocLocal.add(1)', /add: no scenario is running; start one with do/],
      ['amocLocal.remove(1)', /remove: no scenario is running/],
      ['amocLocal.stop()', /stop: no scenario is running/],
      ['amocDist.add(1)', /no scenario is running/],
      ["amocDist.do('my_scenario', 1, 2)", /no slave is connected; .*amoc slave --master/],
      [
        "amocLocal.do('my_scenario', 1, 1_000_000)",
        /would need \d+ (open files|local ports) for \d+ users, .*(ulimit -n|sysctl -w)/,
      ],
      ['amocLocal.status()', /^\[object Object\]$/],
    ];
    const given = await answers(project, ...cases.map(([call]) => call));
    cases.forEach(([call, expected], at) => assert.match(given[at] ?? '', expected, call));
  });

  it('is answered while a run goes on, too', async () => {
    using project = new Project({ sleeper: true });
    const given = await answers(
      project,
      "amocLocal.do('sleeper', 1, 5)",
      "amocLocal.do('sleeper', 1, 5)",
      'amocLocal.add(0)',
      "amocLocal.remove('all')",
      'amocLocal.update({ interarrvial: 5 })',
      'amocLocal.update({ sleepTime: "soon" })',
      'amocLocal.update()',
      '(async () => (await amocLocal.remove(50, { force: true })).users)()',
    );
    const expected = [
      /object/,
      /sleeper is running; add\(\), remove\(\), or stop\(\) it first/,
      /add: 0 is not a number of users/,
      /remove: "all" is not a number of users/,
      /interarrvial is not a setting.*did you mean 'interarrival'/,
      /sleepTime: "soon" is not a time span/,
      /give the settings to change/,
      /^5$/,
    ];
    expected.forEach((pattern, at) => assert.match(given[at] ?? '', pattern));
  });

  it('of the environment is told at the start', async () => {
    using project = new Project();
    for (const [env, expected] of [
      [
        { AMOC_LOCAL_PROCESSES: 'many' },
        /AMOC_LOCAL_PROCESSES: "many" is not a whole number from 1 to 256/,
      ],
      [{ AMOC_XMPP_PORT: 'x' }, /xmppPort: "x" is not a number.*from AMOC_XMPP_PORT/],
      [{ AMOC_XMPP_TLS: 'maybe' }, /xmppTls: "maybe" is not one of none, starttls, direct, auto/],
      [{ AMOC_LOCAL_HEAP_MB: '1' }, /AMOC_LOCAL_HEAP_MB: "1" is not a whole number ≥ 32/],
    ] as [Record<string, string>, RegExp][]) {
      const { code, err } = await project.amoc(['console'], { env });
      assert.equal(code, 2, err);
      assert.match(err, expected);
      assert.equal(err.trim().split('\n').length, 1, err);
    }
  });

  it('of the settings file is told at the do', async () => {
    using project = new Project({ sleeper: true });
    project.write('amoc.json', '{ "interarrival": "never" }');
    const [answer] = await answers(project, "amocLocal.do('sleeper', 1, 1)");
    assert.match(answer ?? '', /interarrival: "never" is not a time span.*from amoc\.json/);
    project.write('amoc.json', '{ broken');
    const { code, err } = await project.lines("amocLocal.do('sleeper', 1, 1)");
    assert.equal(code, 2);
    assert.match(err, /amoc\.json is not JSON/);
  });

  it('a settings file with a password that others can read is named once, and counts', async () => {
    using project = new Project({ sleeper: true });
    const path = project.write('amoc.json', '{ "xmppPassword": "secret_{id}" }');
    chmodSync(path, 0o644);
    const input = "await amocLocal.do('sleeper', 1, 1)\nawait amocLocal.stop({ force: true })\n";
    const { code, err } = await project.amoc(['console'], { input });
    assert.equal(code, 0, err);
    const words = `${path} has xmppPassword, and can be read by others; run: chmod 600 ${path}`;
    assert.equal(err.split(words).length, 2, err);
    chmodSync(path, 0o600);
    const again = await project.amoc(['console'], { input: '' });
    assert.doesNotMatch(again.err, /xmppPassword/);
  });

  it('a port that is taken costs the distributed mode alone', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    using project = new Project({ sleeper: true });
    const { code, out, err } = await project.amoc(['console'], {
      input:
        "1 + 1\nawait amocDist.do('sleeper', 1, 1).catch((e: Error) => console.log(e.message))\n",
      env: { AMOC_MASTER_PORT: String(port) },
    });
    other.close();
    const why = `slaves cannot join: port ${port} of 127.0.0.1 is taken by another program`;
    assert.ok(err.includes(why), err);
    // Who calls do() an hour later is told why no slave has come.
    const answer = `${why}; fix that, and start the console again`;
    assert.deepEqual([code, out], [0, `2\n${answer}\n`]);
  });

  it('another machine without TLS is refused at both ends, unless that is demanded by name', async () => {
    using project = new Project();
    for (const host of ['0.0.0.0', '::']) {
      const env = { AMOC_MASTER_PORT: '0', AMOC_MASTER_BIND: host };
      const { err } = await project.amoc(['console'], { env });
      assert.ok(
        err.includes(`slaves cannot join: ${host} can be reached from other machines`),
        err,
      );
      assert.match(err, /run amoc certs .* AMOC_MASTER_PLAIN=allow/);
      const allowed = { ...env, AMOC_MASTER_PLAIN: 'allow' };
      const { err: said } = await project.amoc(['console'], { env: allowed });
      assert.ok(said.includes(`slaves can join at ws://${host}:`), said);
    }
    const dial = (url: string, env = {}): Promise<Ended> =>
      project.amoc(['start', '--master', url, '--name', 'far'], { env });
    for (const url of ['ws://10.0.0.1:4370', 'ws://example.invalid:4370', 'ws://[2001:db8::1]:1']) {
      const { code, err } = await dial(url);
      assert.equal(code, 2);
      assert.match(err, /--master: without TLS others can read and change .* wss:.*_PLAIN=allow/);
    }
    const wrong = await dial('ws://10.0.0.1:4370', { AMOC_MASTER_PLAIN: 'yes' });
    assert.match(wrong.err, /invalid AMOC_MASTER_PLAIN: "yes"; set it to allow/);
    const started = await dial('ws://example.invalid:4370', { AMOC_MASTER_PLAIN: 'allow' });
    assert.equal(started.code, 0, started.err);
  });

  it('a folder that others can write to gives no journal to slaves, and no node', async () => {
    using project = new Project();
    const home = join(project.folder, 'shared');
    mkdirSync(home);
    chmodSync(home, 0o777);
    const env = { AMOC_HOME: home, AMOC_MASTER_PORT: String(await freePort()) };
    const { err } = await project.amoc(['console'], { env });
    assert.match(err, /slaves cannot join: \S+shared can be written to by others; run: chmod go-w/);
    const started = await project.amoc(['start'], { env });
    assert.equal(started.code, 2);
    assert.match(started.err, /shared can be written to by others; run: chmod go-w/);
    assert.deepEqual(readdirSync(home), []);
  });

  it('a short cookie is refused at both ends, whatever the address', async () => {
    using project = new Project();
    const short = /AMOC_COOKIE \(of .*\) has 5 characters, but a cookie needs at least 32/;
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      const env = { AMOC_MASTER_PORT: '0', AMOC_MASTER_BIND: host, AMOC_COOKIE: 'short' };
      const { err } = await project.amoc(['console'], { input: '', env });
      assert.match(err, new RegExp(`slaves cannot join: ${short.source}`));
    }
    const args = ['slave', '--master', 'ws://127.0.0.1:9', '--name', 'slave1'];
    const slave = await project.amoc(args, { env: { AMOC_COOKIE: 'short' } });
    assert.equal(slave.code, 2);
    assert.match(slave.err, short);
    // What a full disk leaves.
    writeFileSync(join(project.folder, 'home', '.amoc.cookie'), '', { mode: 0o600 });
    const master = await project.amoc(['console'], { env: { AMOC_MASTER_PORT: '0' } });
    assert.match(master.err, /slaves cannot join: .*\.amoc\.cookie has 0 characters/);
  });
});

describe('a bad scenario', () => {
  it('costs its own users, and nobody else', async () => {
    using project = new Project(badScenarios);
    const run = async (
      name: string,
    ): Promise<{ code: number | null; out: string; err: string }> => {
      return project.amoc([
        'run',
        name,
        '1',
        '4',
        '--for',
        '2s',
        '--settings',
        'interarrival=0',
        'stopTimeout=200ms',
      ]);
    };
    for (const [name, expected] of [
      ['throws', /4 +TypeError +user 1 is unhappy/],
      ['throws_text', /4 +string +just words/],
      ['exits', /4 +SCENARIO +process\.exit\(3\) would end all users of this process/],
      ['leaves_timer', /(?=[\s\S]*RangeError +from a timer)[\s\S]*Error +nobody waits for this/],
    ] as const) {
      const { code, out, err } = await run(name);
      assert.equal(code, 1, `${name}: ${out}${err}`);
      assert.match(out, expected, name);
      assert.ok(!/ended \(/.test(err), `${name}: a process died: ${err}`);
      if (name === 'throws')
        assert.match(err, /at Object\.start \(.*scenarios\/throws\.ts:1:\d+\)/);
    }
  });

  it('that allocates until its process dies fails the run, not the shell', async () => {
    using project = new Project(badScenarios);
    const env = { AMOC_LOCAL_HEAP_MB: '64' };
    const { code, err } = await project.amoc(
      ['run', 'allocates', '1', '2', '--for', '120s', '--settings', 'interarrival=0'],
      { env },
    );
    assert.equal(code, 1);
    assert.match(
      err,
      /local\/\d is gone \(its heap of 64 MB was full; AMOC_LOCAL_HEAP_MB sets the size\)/,
    );
    assert.match(err, /the run failed: its processes crash again and again/);
    assert.deepEqual(processesOf(project.folder), []);
  });
});

describe('a place without permission', () => {
  it('for new scenarios is told', async (test) => {
    if (process.getuid?.() === 0) {
      // Root may write everywhere: a file in the folder's place stands for it.
      using project = new Project();
      const file = project.write('blocked', '');
      const { code, err } = await project.amoc(['new', 'mine'], { env: { AMOC_PROJECT: file } });
      assert.equal(code, 2);
      assert.match(err, /cannot be written: (ENOTDIR|EEXIST)/);
      return;
    }
    using project = new Project();
    const folder = join(project.folder, 'scenarios');
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o500);
    const { code, err } = await project.amoc(['new', 'mine']);
    chmodSync(folder, 0o700);
    assert.equal(code, 2, test.name);
    assert.match(err, /cannot be written: EACCES/);
  });
});
