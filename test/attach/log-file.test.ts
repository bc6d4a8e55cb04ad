import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { LogFile } from '../../src/attach/log-file.ts';
import { systemClock } from '../../src/lib/time/clock.ts';
import { eventually } from '../support/eventually.ts';

describe('the log file of a node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-log-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is put aside when it is full, keeps five old ones, and loses no line in between', async () => {
    const path = join(folder, 'amoc.log');
    const troubles: string[] = [];
    {
      await using log = new LogFile(path, {
        clock: systemClock,
        version: '1.2.3',
        size: '4K',
        onTrouble: (text) => troubles.push(text),
      });
      for (let at = 0; at < 600; at++) {
        log.write([{ level: 30, time: at, msg: `line ${at}` }]);
        // As the lines of a run: not all in one turn.
        if (at % 20 === 19) {
          await eventually(
            () => contents(path) + contents(`${path}.1`),
            (text) => text.includes(`"line ${at}"`),
          );
        }
      }
    }
    const files = readdirSync(folder).sort();
    assert.deepEqual(
      files,
      ['', '.1', '.2', '.3', '.4', '.5'].map((end) => `amoc.log${end}`),
    );
    const lines = files
      .toReversed()
      .filter((name) => name !== 'amoc.log')
      .concat('amoc.log')
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'))
      .map((line) => JSON.parse(line) as { msg: string; amoc: string });
    const first = Number(lines[0]?.msg.replace('line ', ''));
    assert.deepEqual(
      lines.map(({ msg }) => msg),
      Array.from({ length: 600 - first }, (_, at) => `line ${first + at}`),
    );
    assert.ok(lines.every(({ amoc }) => amoc === '1.2.3'));
    for (const name of files) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    assert.deepEqual(troubles, []);
  });
});

function contents(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
