import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { processesOf, slavesOf } from '../support/processes.ts';
import { Project } from '../support/project.ts';
import { badScenarios } from '../support/scenarios.ts';
import { TestTerminal } from '../support/terminal.ts';

describe('slave processes', () => {
  it('killed with -9: said, all users run again, none twice', async () => {
    using project = new Project({ sleeper: true });
    using terminal = new TestTerminal(project);
    await terminal.see(')1>');
    terminal.line("amocLocal.do('sleeper', 1, 1000, { interarrival: 0 })");
    await terminal.see('all 1000 users are running');
    const [victim] = slavesOf(project.folder);
    process.kill(victim!, 'SIGKILL');
    await terminal.see(/local\/\d is gone .*; its 500 users are started again/);
    await terminal.see(/all 1000 users are running[\s\S]*all 1000 users are running/);
    terminal.line(
      'const ids = (await amocLocal.users({ limit: 5000 })).users.map((u: any) => u.id)',
    );
    terminal.line("'seen ' + ids.length + ' of ' + new Set(ids).size");
    await terminal.see("'seen 1000 of 1000'");
    terminal.line('(await amocLocal.status()).users.lost');
    await terminal.see('500');
    terminal.line('q()');
    await terminal.see('[exit 0]');
    await eventually(
      () => processesOf(project.folder),
      (left) => left.length === 0,
    );
  });

  it('do not hear Ctrl+C in the terminal, not even while they start', async () => {
    using project = new Project();
    using terminal = new TestTerminal(project);
    await terminal.see(')1>');
    const all = await eventually(
      () => processesOf(project.folder),
      (pids) => pids.length === 4,
    );
    // The terminal sends it to one group of processes: the console's.
    const groups = all.map(
      (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[2],
    );
    assert.equal(new Set(groups).size, 4, groups.join(' '));
    terminal.line('q()');
    await terminal.see('[exit 0]');
    await eventually(
      () => processesOf(project.folder),
      (left) => left.length === 0,
    );
  });

  it('stuck in an endless loop: named with file and line, and gone after a forced stop', async () => {
    using project = new Project({ spins: badScenarios.spins });
    using terminal = new TestTerminal(project);
    await terminal.see(')1>');
    terminal.line("amocLocal.do('spins', 1, 2, { interarrival: 0 })");
    await terminal.see(
      /(?=[\s\S]*local\/1 has been blocked for [\d.]+ m?s at scenarios\/spins\.ts:6:\d+ in start)[\s\S]*local\/2 has been blocked/,
    );
    terminal.line('amocLocal.status()');
    await terminal.see(/local\/1 .*blocked for/);
    terminal.line('amocLocal.stop({ force: true })');
    await terminal.see('ok: spins has stopped');
    terminal.line('(await amocLocal.status()).state');
    await terminal.see("'idle'");
    await eventually(
      () => slavesOf(project.folder).length,
      (count) => count === 2,
    );
    terminal.line('q()');
    await terminal.see('[exit 0]');
    await eventually(
      () => processesOf(project.folder),
      (left) => left.length === 0,
    );
  });

  it('stuck in init: the do fails, and the next one works', async () => {
    using project = new Project({ init_spins: badScenarios.init_spins, sleeper: true });
    using terminal = new TestTerminal(project);
    await terminal.see(')1>');
    terminal.line("amocLocal.do('init_spins', 1, 2, { settings: { initTimeout: 500 } })");
    await terminal.see(/\*\* error: init failed on local\/\d/);
    terminal.line("amocLocal.do('sleeper', 1, 10, { interarrival: 0 })");
    await terminal.see('all 10 users are running');
  });

  it('end with the console, whatever killed it', async () => {
    using project = new Project({ sleeper: true });
    const child = project.start(['console']);
    let text = '';
    child.stdout.on('data', (data) => (text += String(data)));
    child.stderr.on('data', (data) => (text += String(data)));
    child.stdin.write("amocLocal.do('sleeper', 1, 10)\n");
    await eventually(
      () => text,
      (seen) => seen.includes('ok: sleeper'),
    );
    assert.equal(slavesOf(project.folder).length, 2);
    child.kill('SIGKILL');
    await eventually(
      () => processesOf(project.folder),
      (left) => left.length === 0,
    );
  });
});
