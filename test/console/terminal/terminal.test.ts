import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { processesOf } from '../../support/processes.ts';
import { Project } from '../../support/project.ts';
import { chatty } from '../../support/scenarios.ts';
import { TestTerminal } from '../../support/terminal.ts';

describe('the console in a terminal', () => {
  it("works as the original's README types it", async () => {
    using project = new Project({ my_scenario: true });
    using terminal = new TestTerminal(project);
    await terminal.see(
      /amocLocal uses the embedded server on 127\.0\.0\.1:\d+[\s\S]*\(amoc@.*\)1>$/,
    );
    terminal.line("amocLocal.do('my_scenario',1,10)");
    await terminal.see('ok: my_scenario, users 1..10 on 2 processes, one every 50 ms');
    await terminal.see('all 10 users are running');
    terminal.line('amocLocal.add(10)');
    await terminal.see('ok: users 11..20, one every 50 ms');
    terminal.line('amocLocal.remove(10,{force:true})');
    await terminal.see('ok: users 11..20 removed at once, 10 remain');
    terminal.line('amocLocal.status()');
    await terminal.see(/my_scenario +running for \d+ s, ids 1\.\.10\n/);
    terminal.line('amoc_local:do(my_scenario, 1, 10).');
    await terminal.see('** error: do: my_scenario is running');
    terminal.line('amoc_local:add(10).');
    terminal.line('amoc_local:remove(10, [{force,true}]).');
    await terminal.see(/7> .*remove[\s\S]*ok: users 11\.\.20 removed at once, 10 remain[\s\S]*8>/);
    terminal.line('amocLocal.remove(5,<force:true>)');
    await terminal.see('ok: users 6..10 removed at once, 5 remain');
    terminal.line('help()');
    await terminal.see('leave, as Ctrl+D does');
    terminal.line('v(1)');
    await terminal.see(/v\(1\)\n[\s\S]*ok: my_scenario, users 1\.\.10/);
    terminal.line('q()');
    await terminal.see(/stopping my_scenario, 5 users: done\n[\s\S]*\[exit 0\]/);
    await eventually(
      () => processesOf(project.folder),
      (left) => left.length === 0,
    );
  });

  it('keeps what is typed intact under a thousand log lines a second', async () => {
    using project = new Project({ chatty });
    using terminal = new TestTerminal(project, { columns: 60, rows: 20 });
    await terminal.see(')1>');
    terminal.line("amocLocal.do('chatty', 1, 1, { interarrival: 0 })");
    await terminal.see('more log lines were not shown');
    const words =
      'the quick brown fox jumps over the lazy dog and types more than one row of the terminal holds';
    for (const word of `'${words}'.length`.split(/(?<= )/)) terminal.type(word);
    await eventually(
      () => terminal.screen(),
      (screen) => screen.endsWith(`'${words}'.length`),
    );
    terminal.key('Enter');
    await terminal.see(new RegExp(`\\n${words.length}\\n`));
    terminal.line('amocLocal.stop({force:true})');
    await terminal.see('ok: chatty has stopped');
  });

  it('completes with Tab, edits, and remembers', async () => {
    using project = new Project({ my_scenario: true });
    {
      using terminal = new TestTerminal(project);
      await terminal.see(')1>');
      terminal.type("c('my_sc");
      terminal.key('Tab');
      await terminal.see("c('my_scenario'");
      terminal.line(')');
      await terminal.see('ok: my_scenario compiles');
      terminal.type('amocLocal.');
      // The first Tab completes what is common, the next one lists.
      await eventually(
        () => (terminal.key('Tab'), terminal.screen()),
        (screen) => screen.includes('resume()'),
      );
      terminal.key('C-c');
      terminal.line('6 * 7');
      await terminal.see('\n42\n');
      terminal.key('C-d');
      await terminal.see('[exit 0]');
    }
    const history = join(project.folder, 'repl-history', 'console.history');
    assert.match(readFileSync(history, 'utf8'), /6 \* 7\n$/);
    assert.equal(statSync(history).mode & 0o777, 0o600);
    using terminal = new TestTerminal(project);
    await terminal.see(')1>');
    terminal.key('Up', 'Enter');
    await terminal.see('1> 6 * 7\n42');
  });

  it('takes lines that are pasted, one after the other, in order', async () => {
    using project = new Project();
    using terminal = new TestTerminal(project);
    await terminal.see(')1>');
    terminal.paste(
      "const a = 1\nconst f = (n: number) => {\n  return n + a\n}\nf(41)\nawait sleep(300)\n'after ' + f(1)\n",
    );
    await terminal.see("'after 2'");
    assert.match(terminal.screen(), /> f\(41\)\n42\n/);
  });

  it('ends a wait with Ctrl+C, and a loop, and leaves at the second one on an empty line', async () => {
    using project = new Project();
    using terminal = new TestTerminal(project);
    await terminal.see(')1>');
    terminal.line("'ready'");
    await terminal.see("\n'ready'");
    terminal.line("console.log('it waits'); await new Promise(() => {})");
    await terminal.see('\nit waits');
    // Node.js loses a SIGINT that comes while it leaves a script's synchronous part: people press again.
    terminal.key('C-c');
    await terminal.see('** error: interrupted', 5000).catch(async () => {
      terminal.key('C-c');
      await terminal.see('** error: interrupted');
    });
    terminal.line("console.log('it spins'); while (true) {}");
    await terminal.see('\nit spins');
    terminal.key('C-c');
    // On a busy machine one press arrives twice: as the end of the loop, and at the prompt after it.
    await terminal.see(/interrupted[\s\S]*interrupted\n[\s\S]*4> *$/);
    terminal.type('half a line');
    await terminal.see(/4> half a line$/);
    terminal.key('C-c');
    await terminal.see(/half a line\^C\n.*>$/);
    terminal.key('C-c');
    await terminal.see('press Ctrl+C again, or Ctrl+D, to leave');
    terminal.key('C-c');
    await terminal.see('[exit 0]');
  });

  it('survives Ctrl+C in the midst of what a loop prints', async () => {
    using project = new Project();
    using terminal = new TestTerminal(project);
    await terminal.see(')1>');
    for (let round = 1; round <= 5; round++) {
      // No faster than a terminal can show.
      const pause = 'for (const begun = performance.now(); performance.now() < begun + 0.05; );';
      terminal.line(`for (let i = 0; ; i++) { console.log('line ${round}', i); ${pause} }`);
      await terminal.see(new RegExp(`^line ${round} 1\\d\\d\\d$`, 'm'));
      const ended = new RegExp(`interrupted\\n[\\s\\S]*\\)${round * 2}> *$`);
      terminal.key('C-c');
      await terminal.see(ended, 5000).catch(async () => {
        terminal.key('C-c');
        await terminal.see(ended);
      });
      terminal.line(`'it lives ' + ${round}`);
      await terminal.see(`\n'it lives ${round}'`);
    }
  });

  it('leaves nothing of a line that was typed ahead, wide characters and all', async () => {
    using project = new Project();
    using terminal = new TestTerminal(project, { columns: 60 });
    await terminal.see(')1>');
    // Printed when the terminal is the editor's again.
    terminal.line(
      "const wait = async () => { await sleep(100); console.log('it waits'); await sleep('2s') }",
    );
    terminal.line('wait()');
    await terminal.see('\nit waits');
    const wide = `'${'日本語'.repeat(11)}'`;
    terminal.line(wide);
    await terminal.see(/\)4>$/);
    // Typed, and its value: the echo that came too early is gone.
    const { length } = terminal.screen().replaceAll('\n', '').split(wide.slice(0, 20));
    assert.equal(length - 1, 2, terminal.screen());
  });

  it('clears a line of several rows below its last one, wherever the cursor is', async () => {
    using project = new Project();
    using terminal = new TestTerminal(project, { columns: 60 });
    await terminal.see(')1>');
    const line = `'${'a'.repeat(150)} the end`;
    terminal.type(line);
    await terminal.see('the end');
    terminal.key('Home', 'C-c');
    await terminal.see(/the end\^C\n\(amoc@.*\)1>$/);
    assert.ok(terminal.screen().includes(`${line}^C`));
  });

  it('reports what fails later above the line that is being typed', async () => {
    using project = new Project();
    using terminal = new TestTerminal(project);
    await terminal.see(')1>');
    terminal.line('setTimeout(() => amocLocal.add(5), 1000); setTimeout(() => null.x, 1000)');
    await terminal.see(')2>');
    terminal.type('half a 日本 line');
    await terminal.see(/\n\*\* error: add: no scenario is running[\s\S]*half a 日本 line$/);
    await terminal.see(
      /\n\*\* TypeError: Cannot read properties of null[\s\S]*2> half a 日本 line$/,
    );
    terminal.key('C-c');
    terminal.line('process.exit(1)');
    await terminal.see(/\*\* error: process\.exit: q\(\) leaves the console\n.*3>$/);
  });

  it('ends with its terminal, while what was typed waits and fails', async () => {
    using project = new Project();
    using terminal = new TestTerminal(project);
    await terminal.see(')1>');
    terminal.line('setInterval(() => { throw new Error("again and again") }, 5); sleep(1e6)');
    await terminal.see('** Error: again and again');
    terminal[Symbol.dispose]();
    await eventually(
      () => processesOf(project.folder),
      (left) => left.length === 0,
    );
  });

  it('ends with its terminal, also while what was typed keeps it busy', async () => {
    using project = new Project();
    using terminal = new TestTerminal(project);
    await terminal.see(')1>');
    terminal.line("console.log('it spins'); while (true) {}");
    await terminal.see('\nit spins');
    terminal.kill();
    await eventually(
      () => processesOf(project.folder),
      (left) => left.length === 0,
    );
  });

  it('survives a window that becomes narrow', async () => {
    using project = new Project();
    using terminal = new TestTerminal(project);
    await terminal.see(')1>');
    terminal.type("'a line that is long enough to wrap in a narrow window'.length");
    terminal.resize(40, 20);
    terminal.key('Enter');
    await terminal.see(/\n53/);
  });

  it('colours for who wants them', async () => {
    using project = new Project();
    for (const [env, colored] of [
      [{}, true],
      [{ NO_COLOR: '1' }, false],
    ] as [Record<string, string>, boolean][]) {
      using terminal = new TestTerminal(project, { env });
      await terminal.see(')1>');
      terminal.line('nothing_of_that_name');
      await terminal.see('not defined');
      assert.equal(terminal.colors().includes('\u001b['), colored);
    }
  });
});
