import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { processesOf } from '../support/processes.ts';
import { Project } from '../support/project.ts';
import { Shell } from '../support/shell.ts';

describe('the embedded server', () => {
  it('is started again when it dies, and the console says so', async () => {
    using project = new Project({ my_scenario: true });
    const shell = new Shell(project.start(['console']));
    const settings = '{ settings: { messages: 1, messageInterval: 10, repeatCount: 1 } }';
    shell.type(`await amocLocal.do('my_scenario', 1, 4, ${settings})`);
    await shell.see(/4 finished/);
    const [server] = processesOf(project.folder).filter((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('embedded-main.js'),
    );
    assert.ok(server !== undefined);
    process.kill(server, 'SIGKILL');
    await shell.see(/amoc's embedded server has ended \(SIGKILL\).*; it is started again on 127/);
    await shell.value('amocLocal.stop()');
    const finished = await eventually(
      async () => {
        await shell.value(`amocLocal.do('my_scenario', 1, 4, ${settings})`);
        const { users } = await eventually(
          () => shell.value<{ present: number; users: { finished: number } }>('amocLocal.status()'),
          ({ present }) => present === 0,
        );
        await shell.value('amocLocal.stop()');
        return users.finished;
      },
      // The first run may have come before the server did.
      (count) => count === 4,
    );
    assert.equal(finished, 4);
  });
});
