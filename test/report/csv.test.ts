import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { renderCsv } from '../../src/report/csv.ts';
import { hostileRun } from '../support/hostile-run.ts';
import { hostileText } from '../support/hostile-text.ts';
import { runOf } from '../support/metrics-source.ts';

/** Reads CSV as RFC 4180 has it. */
function parse(csv: string): string[][] {
  const rows: string[][] = [];
  let at = 0;
  while (at < csv.length) {
    const row: string[] = [];
    for (;;) {
      const cell = /"((?:[^"]|"")*)"|([^",\r\n]*)/y;
      cell.lastIndex = at;
      const match = cell.exec(csv);
      assert.ok(match !== null);
      row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
      at = cell.lastIndex;
      if (csv[at] !== ',') break;
      at++;
    }
    assert.equal(csv.slice(at, at + 2), '\r\n', JSON.stringify(csv.slice(at, at + 40)));
    at += 2;
    rows.push(row);
  }
  return rows;
}

/** As a spreadsheet is to take it: as text. */
function asText(text: string): string {
  return /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(text) ? `'${text}` : text;
}

describe('a run as CSV', () => {
  it('is read back as it was, whatever its metrics and nodes are called', () => {
    fc.assert(
      fc.property(hostileText, hostileText, (name, node) => {
        const { recorded: row } = runOf({
          counters: { [`c${name}`]: 5, [name]: 7 },
          times: [`t${name}`],
          nodes: [node],
        });
        const [head = [], cells = [], ...more] = parse(renderCsv([row]));
        assert.equal(more.length, 0);
        assert.equal(cells.length, head.length);
        const of = (column: string): string | undefined => cells[head.indexOf(column)];
        assert.equal(of(`c${name}`), '5');
        assert.equal(of(`t${name}_count`), '3');
        assert.ok(head.includes(asText(name)), JSON.stringify(head));
        assert.equal(of('saturated'), asText(node));
      }),
    );
  });

  it('has a column for each metric, also for those that are called like another column', () => {
    const { recorded: row } = runOf({
      counters: { time: 5, users_running: 6, saturated: 7, took_p50: 8 },
      gauges: { time: 9, 'time (gauge)': 10 },
      times: ['took'],
      nodes: ['local/1'],
    });
    const [head = [], ...rows] = parse(renderCsv([row, row]));
    assert.equal(new Set(head).size, head.length, head.join());
    for (const cells of rows) {
      const of = (column: string): string | undefined => cells[head.indexOf(column)];
      assert.match(of('time') ?? '', /^\d{4}-\d\d-\d\dT/);
      assert.equal(of('users_running'), '10');
      assert.equal(of('saturated'), 'local/1');
      const metrics = ['time', 'users_running', 'saturated'].map((name) => of(`${name} (counter)`));
      assert.deepEqual(metrics, ['5', '6', '7']);
      assert.deepEqual([of('time (gauge)'), of('time (gauge) (gauge)')].sort(), ['10', '9']);
      assert.equal(of('took_p50'), '8');
      assert.ok(Number(of('took_p50 (time)')) > 0);
    }
  });

  it('has no cell that a spreadsheet would take for a formula; numbers stay what they are', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const cell of parse(renderCsv(hostileRun(text).recorded.seconds)).flat()) {
          assert.ok(
            Number.isFinite(Number(cell)) || !/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(cell),
            cell,
          );
        }
      }),
    );
    const { recorded: row } = runOf({ gauges: { drift: -1.5 }, nodes: ["=cmd|'/c calc'!A0"] });
    const csv = renderCsv([row]);
    assert.match(csv, /,-1\.5,/);
    assert.match(csv, /,'=cmd\|'\/c calc'!A0\r\n$/);
  });
});
