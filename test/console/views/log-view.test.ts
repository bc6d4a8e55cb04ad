import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogView } from '../../../src/console/views/log-view.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function setUp(mostPerSecond?: number): { clock: FakeClock; view: LogView; text: () => string } {
  const clock = new FakeClock();
  let written = '';
  const view = new LogView({
    clock,
    colors: false,
    write: (text) => (written += text),
    ...(mostPerSecond === undefined ? {} : { mostPerSecond }),
  });
  return { clock, view, text: () => written };
}

describe('the log view', () => {
  it("has lager's look", async () => {
    const { clock, view, text } = setUp();
    const time = new Date(2026, 10, 24, 10, 11, 12, 345).getTime();
    view.add([
      { level: 30, time, node: 'local/1', scenario: 'my_scenario', user: 7, msg: 'logged in' },
    ]);
    await clock.advance(500);
    assert.equal(text(), '2026-11-24 10:11:12.345 [info] my_scenario user 7@local/1 logged in\n');
  });

  it('says of a line that came late how late it is, and takes no text for that', async () => {
    const { clock, view, text } = setUp();
    const line = { level: 30, time: clock.now() - 3210, node: 'slave1/1', msg: 'gone on' };
    view.add([
      { ...line, lateMs: 3210 },
      { ...line, lateMs: 'x\n2026' },
    ]);
    await clock.advance(500);
    assert.match(
      text(),
      /^\S+ \S+ \[info\] \(3 s late\) slave1\/1 gone on\n\S+ \S+ \[info\] slave1\/1 gone on\n$/,
    );
  });

  it('shows further fields below', async () => {
    const { clock, view, text } = setUp();
    view.add([{ level: 50, time: clock.now(), msg: 'oh', attempt: 3 }]);
    await clock.advance(500);
    assert.match(text(), /\[error\] oh\n {4}attempt: 3\n$/);
  });

  it('shows all of them below, also those that pino-pretty has another place for', async () => {
    const { clock, view, text } = setUp();
    view.add([{ level: 30, time: clock.now(), msg: 'said', name: 'forged', caller: 'a\nb' }]);
    await clock.advance(500);
    assert.match(text(), /^20\S+ \S+ \[info\] said\n {4}name: "forged"\n {4}caller: "a\\nb"\n$/);
  });

  it('puts the lines of several processes in order', async () => {
    const { clock, view, text } = setUp();
    const now = clock.now();
    view.add([{ level: 30, time: now + 5, msg: 'second' }]);
    await clock.advance(45);
    view.add([{ level: 30, time: now, msg: 'first' }]);
    await clock.advance(500);
    assert.match(text(), /first\n.*second\n$/s);
  });

  it('shows so many lines a second, and says how many more there were', async () => {
    const { clock, view, text } = setUp(10);
    for (let line = 0; line < 1000; line++) {
      view.add([{ level: 30, time: clock.now(), msg: `line ${line}` }], line === 0 ? 5 : 0);
    }
    await clock.advance(3000);
    const lines = text().trimEnd().split('\n');
    assert.equal(lines.length, 11);
    assert.match(lines.at(-1) ?? '', /\[warn\] 995 more log lines were not shown/);
  });

  it('keeps a share for warnings and errors', async () => {
    const { clock, view, text } = setUp(10);
    for (let line = 0; line < 100; line++)
      view.add([{ level: 30, time: clock.now(), msg: 'chatter' }]);
    view.add([{ level: 50, time: clock.now(), msg: 'this matters' }]);
    await clock.advance(3000);
    assert.match(text(), /this matters/);
  });

  it('does not let a log line steer the terminal', async () => {
    const { clock, view, text } = setUp();
    view.add([{ level: 30, time: clock.now(), msg: 'a\u001b[2Jb\rc' }]);
    await clock.advance(500);
    assert.match(text(), /a·\[2Jb·c\n$/);
  });
});
