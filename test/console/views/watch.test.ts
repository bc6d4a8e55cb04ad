import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spark } from '../../../src/console/views/watch.ts';
import { eventually } from '../../support/eventually.ts';
import { Project } from '../../support/project.ts';
import { TestTerminal } from '../../support/terminal.ts';

describe('watch()', () => {
  it('draws values as blocks, the greatest the highest', () => {
    assert.equal(spark([0, 1, 4, 8], 8), '▁▂▅█');
    assert.equal(spark([0, 0], 0), '▁▁');
    assert.equal(spark([], 5), '');
  });

  it('redraws in place on the whole screen, keeps what is logged, and gives the prompt back at q', async () => {
    using project = new Project({ my_scenario: true });
    using terminal = new TestTerminal(project, { columns: 110, rows: 45 });
    const see = (pattern: RegExp, not?: RegExp): Promise<string> =>
      eventually(
        () => terminal.screen(),
        (screen) => pattern.test(screen) && not?.test(screen) !== true,
        60_000,
      );
    await see(/1> $|1>$/);
    terminal.line("amocLocal.do('my_scenario', 1, 5, { settings: { messageInterval: '200ms' } })");
    await see(/all 5 users are running/);
    terminal.line('amocLocal.watch()');
    // What was on the screen is away, and the picture changes where it is.
    const first = await see(
      /users +▁?█+ +5 \(max 5\)[\s\S]*q leaves/,
      /all 5 users are running[\s\S]*1>/,
    );
    assert.match(first, /message_ttd/);
    await eventually(
      () => terminal.screen(),
      (screen) => screen !== first && screen.split('q leaves').length === 2,
      60_000,
    );
    terminal.type('xyz');
    terminal.resize(80, 30);
    await see(/q leaves$/);
    assert.doesNotMatch(terminal.screen(), /xyz/);
    terminal.key('q');
    const after = await see(/3> *$/);
    assert.match(after, /2> amocLocal\.watch\(\)/);
    assert.doesNotMatch(after, /xyz|\(max 5\)/);
    terminal.line('1 + 1');
    await see(/^2$/m);
    terminal.line('amocLocal.watch()');
    await see(/q leaves$/);
    terminal.key('C-c');
    await see(/5> *$/);
    terminal.line('amocLocal.events()');
    await see(/start +my_scenario, users 1\.\.5/);
  });

  it('is one picture where there is no terminal', async () => {
    using project = new Project({ my_scenario: true });
    const { code, out, err } = await project.lines(
      "await amocLocal.do('my_scenario', 1, 3)",
      'await sleep(1500)',
      'amocLocal.watch()',
    );
    assert.equal(code, 0, err);
    assert.match(out, /users +[▁█]+ +3 \(max 3\)/);
  });
});
