import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { findRun, readRun } from '../../src/record/run-reader.ts';
import type { RecordedRun } from '../../src/record/run-reader.ts';
import { renderReport } from '../../src/report/html.ts';
import { ROOT } from '../support/root.ts';
import { Project } from '../support/project.ts';
import { plainTarget, startEjabberd } from '../support/servers.ts';
import type { RealServer } from '../support/servers.ts';

const talkers = `
import { chatTo, isChatMessage, presence } from 'amoc';
import type { User } from 'amoc';
export async function start(id: number, user: User) {
  await user.register();
  const session = await user.connect();
  await session.send(presence());
  if (id === 7) throw new Error('<b>unlucky</b>');
  for (;;) {
    await session.send(chatTo(user.jid, 'hello'));
    await session.waitForStanza(isChatMessage('hello'));
    await user.sleep('50ms');
  }
}
`;

/** Where somebody who wants to see them finds the pictures of the last run of the tests. */
const pictures = join(ROOT, '.cache', 'report');

describe('the page of a run on real ejabberd', () => {
  let server: RealServer;
  let project: Project;
  let browser: Browser;
  let run: RecordedRun;
  let page: string;

  before(async () => {
    server = await startEjabberd({ full: false });
    project = new Project({ talkers });
    const ended = await project.amoc(
      [
        ...['run', 'talkers', '1', '20', '--for', '6s', '--comment', 'a <comment> & more'],
        ...['--settings', 'interarrival=10ms', 'stopTimeout=100ms'],
        ...['--threshold', 'message_ttd p99 < 10s', 'users_crashed < 1'],
      ],
      {
        env: plainTarget(server),
      },
    );
    assert.equal(ended.code, 3, ended.err);
    const report = await project.amoc(['report', 'last']);
    assert.equal(report.code, 0, report.err);
    page = /page {2}(.+report\.html)/.exec(report.out)?.[1] ?? '';
    const runs = join(project.folder, 'runs');
    run = await readRun(runs, findRun(runs, 'last'));
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
        ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ],
      timeout: 120_000,
    });
    mkdirSync(pictures, { recursive: true });
  });
  after(async () => {
    await browser?.close();
    project?.[Symbol.dispose]();
    await server?.[Symbol.asyncDispose]();
  });

  for (const [look, colorScheme, width] of [
    ['light', 'light', 1200],
    ['dark', 'dark', 1200],
    ['phone', 'dark', 390],
  ] as const) {
    it(`opens in Chromium without an error, ${look}, and is drawn`, async () => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
      const tab = await context.newPage();
      const problems: string[] = [];
      tab.on('console', (message) => {
        if (message.type() !== 'log') problems.push(message.text());
      });
      tab.on('pageerror', (error) => problems.push(error.message));
      tab.on('request', (request) => {
        if (!/^(?:file|data):/.test(request.url())) problems.push(`asked for ${request.url()}`);
      });
      await tab.goto(pathToFileURL(page).href);
      await tab.waitForSelector('canvas');
      await tab.screenshot({ path: join(pictures, `${look}.png`), fullPage: true });
      assert.deepEqual(problems, []);
      // As text: the functions run in the page, whose types are not those of Node.js.
      const ask = (code: string): Promise<unknown> => tab.evaluate(code);
      const background = await ask('getComputedStyle(document.body).backgroundColor');
      assert.equal(background, look === 'light' ? 'rgb(255, 255, 255)' : 'rgb(15, 18, 22)');
      assert.ok(Number(await ask('document.documentElement.scrollWidth')) <= width, 'too wide');
      const charts = (await ask(
        "[...document.querySelectorAll('.chart')].map((each) => each.dataset.title)",
      )) as string[];
      for (const title of ['Users', 'Messages', 'message_ttd', 'Ended', 'CPU of the processes']) {
        assert.ok(charts.includes(title), `${title} is not in ${charts.join(', ')}`);
      }
      // Each has lines, not only a frame: the first, or the second where that covers it.
      const colours = (await ask(`[...document.querySelectorAll('canvas')].map((canvas) => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set();
        for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
        return seen.has(0x1f77d0) || seen.has(0xe6772e);
      })`)) as boolean[];
      assert.ok(colours.length === charts.length && colours.every(Boolean), String(colours));
      await tab.click('#theme');
      const other = await ask('getComputedStyle(document.body).backgroundColor');
      assert.notEqual(other, background);
      await tab.waitForSelector('canvas');
      assert.deepEqual(problems, []);
      await context.close();
    });
  }

  it('has the figures of the store, which are those of the result', async () => {
    const tab = await browser.newPage();
    await tab.goto(pathToFileURL(page).href);
    const shown = await tab.evaluate<[string, string, number][]>(
      "[...document.querySelectorAll('[data-metric]')].map(({ dataset }) => [dataset.metric, dataset.stat, Number(dataset.value)])",
    );
    const { counters, times } = run.result!.metrics;
    assert.deepEqual(run.totals.summary().counters, counters);
    assert.deepEqual(run.totals.summary().times, times);
    assert.ok((counters['messages_received'] ?? 0) > 100);
    const inPage = new Map(shown.map(([metric, stat, value]) => [`${metric} ${stat}`, value]));
    for (const [name, value] of Object.entries(counters)) {
      assert.equal(inPage.get(`${name} total`), value, name);
    }
    for (const [name, time] of Object.entries(times)) {
      for (const stat of ['count', 'min', 'mean', 'p50', 'p95', 'p99', 'p999', 'max'] as const) {
        assert.equal(inPage.get(`${name} ${stat}`), time[stat], `${name} ${stat}`);
      }
    }
    const text = await tab.innerText('body');
    assert.match(text, /a <comment> & more/);
    assert.match(text, /<b>unlucky<\/b>/);
    assert.match(text, /users_crashed < 1: it is 1, which is the limit/);
    await tab.close();
  });

  it('is at most 2 MB for an hour', () => {
    const rows = run.seconds.filter(({ delta }) => 'message_ttd' in delta.histograms);
    const first = run.seconds[0]!.at;
    const seconds = Array.from({ length: 3600 }, (_, at) => {
      const row = rows[at % rows.length]!;
      const nodes = Array.from({ length: 16 }, (__, node) => ({
        ...row.nodes[0]!,
        name: `slave${node}/1`,
        cpu: (at % 97) / 100,
      }));
      return { ...row, at: first + at * 1000, nodes };
    });
    const size = Buffer.byteLength(renderReport({ ...run, seconds }, ROOT));
    console.log(`the page: ${statSync(page).size} bytes; of an hour: ${size} bytes`);
    assert.ok(size <= 2 * 1024 * 1024, `${size} bytes`);
    assert.ok(!readFileSync(page, 'utf8').includes('<b>unlucky'), 'text of an error as HTML');
  });
});
