import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { User } from '../../../src/index.ts';
import type { RunResult } from '../../../src/record/types.ts';
import { MemoryCluster } from '../../support/memory-cluster.ts';
import { freePort } from '../../support/ports.ts';
import { eventually } from '../../support/eventually.ts';
import { Project } from '../../support/project.ts';
import { startServer } from './support.ts';

describe('a run over HTTP', () => {
  it('shows its requests in status, and nothing of protocols that nobody spoke', async () => {
    await using server = await startServer((_, response) => response.end('ok'));
    let answers = 0;
    const start = async (_id: number, user: User): Promise<void> => {
      await user.http.get('/');
      answers++;
    };
    const cluster = new MemoryCluster({ web: { start, connectionsPerUser: 0 } });
    await cluster.joinMany(2);
    const settings = { httpBase: server.url, interarrival: 1, repeatCount: 1 };
    await cluster.run(cluster.master.do('web', 1, 10, { settings }));
    await cluster.clock.advance(20);
    await eventually(
      () => answers,
      (count) => count === 10,
    );
    await cluster.clock.advance(2000);
    const { headlines, messages } = await cluster.run(cluster.master.status());
    const [requests, ...others] = headlines;
    assert.deepEqual([others, messages.sent], [[], 0]);
    assert.deepEqual(
      [requests?.title, requests?.sent, requests?.received],
      ['requests', 10, undefined],
    );
    assert.equal(requests?.latency?.count, 10);
    assert.ok((requests?.perSecond ?? 0) > 0);
    const points = cluster.master.trend.map(({ traffic }) => traffic['requests']?.sent ?? 0);
    assert.equal(
      points.reduce((sum, sent) => sum + sent, 0),
      10,
    );
    const result = await cluster.run(cluster.master.stop());
    assert.equal(result.headlines?.[0]?.sent, 10);
    assert.doesNotMatch(cluster.said, /target/);
  });

  it('ends the requests of users that are removed by force, and starts them nowhere', async () => {
    await using server = await startServer(() => {});
    const start = (_id: number, user: User): Promise<unknown> => user.http.get('/hangs');
    const cluster = new MemoryCluster({ web: { start, connectionsPerUser: 0 } });
    await cluster.join('local/1');
    const settings = { httpBase: server.url, interarrival: 1 };
    await cluster.run(cluster.master.do('web', 1, 5, { settings }));
    await cluster.clock.advance(20);
    await eventually(
      () => server.sockets.size,
      (open) => open === 5,
    );
    await cluster.run(cluster.master.remove(3, { force: true }));
    await cluster.clock.advance(100);
    await eventually(
      () => server.sockets.size,
      (open) => open === 2,
    );
    const result = await cluster.run(cluster.master.stop({ force: true }));
    assert.deepEqual([result.users.removed, result.users.crashed, result.errors], [5, 0, []]);
    await eventually(
      () => server.sockets.size,
      (open) => open === 0,
    );
  });

  it('has its figures beside those of XMPP', async () => {
    await using server = await startServer((_, response) => response.end('ok'));
    const both = `import type { User } from 'amoc';
import { chatTo, presence } from 'amoc';
export async function start(id: number, user: User): Promise<void> {
  const session = await user.connect();
  await session.send(presence());
  const answer = await user.http.get('/', { name: 'first' });
  await session.send(chatTo(user.jid, answer.text()));
  await session.waitForStanza((stanza) => stanza.is('message'));
  user.log.info(String(user.xmpp.jid === user.jid && id > 0));
}`;
    using project = new Project({ both });
    const ran = await project.lines(
      `await amocLocal.do('both', 1, 4, { settings: { httpBase: '${server.url}', interarrival: 0, repeatCount: 1 } })`,
      'while ((await amocLocal.status()).users.finished + (await amocLocal.status()).users.crashed < 4) await sleep(20)',
      "await sleep('1100ms')",
      'await amocLocal.status()',
      'await amocLocal.metrics()',
    );
    const text = ran.out + ran.err;
    assert.match(text, /^ {2}messages {6}4 sent, 4 received; time to delivery p50 .*\/s$/m);
    assert.match(text, /^ {2}requests {6}4 sent; time to answer p50 .*\/s$/m);
    assert.match(text, /http_request_by\{method="GET",name="first",status="2xx"\}/);
  });

  it('is what the scenario http_req makes, for amoc run, its record and its report', async () => {
    await using server = await startServer((request, response) => {
      response.statusCode = request.url === '/' ? 200 : 404;
      response.end('ok');
    });
    using project = new Project({ http_req: true });
    const settings = [`url=${server.url}/`, 'requests=3', 'pause=10ms', 'repeatCount=1'];
    const ran = await project.amoc([
      'run',
      'http_req',
      '1',
      '4',
      '--json',
      '--settings',
      ...settings,
    ]);
    assert.equal(ran.code, 0, ran.err);
    const result = JSON.parse(ran.out) as RunResult;
    assert.deepEqual(
      result.headlines?.map(({ title, sent }) => [title, sent]),
      [['requests', 12]],
    );
    assert.equal(result.metrics.times['http_request_by{method="GET",status="2xx"}']?.count, 12);
    const runs = await project.amoc(['runs']);
    assert.match(runs.out, /12 requests/);
    const report = await project.amoc(['report', 'last', '--out', 'page.html']);
    assert.equal(report.code, 0, report.err);
    const text = await project.amoc(['run', 'http_req', '1', '2', '--settings', ...settings]);
    assert.match(text.out, /^ {2}requests {2}6 sent; time to answer p50/m);
    assert.doesNotMatch(text.out, /messages/);
  });

  it('is checked by the doctor where httpBase is set', async () => {
    let status = 204;
    await using server = await startServer((_, response) => response.writeHead(status).end());
    using project = new Project();
    const doctor = async (base: string): Promise<string> => {
      const { out } = await project.amoc(['doctor', '--users', '1'], {
        env: { AMOC_HTTP_BASE: base },
      });
      return out;
    };
    assert.match(
      await doctor(server.url),
      / ok {2}http: http:\/\/127\.0\.0\.1:\d+\/: answers 204 after/,
    );
    status = 500;
    assert.match(await doctor(server.url), / !! {2}http: .*: answers 500/);
    assert.match(await doctor(`http://127.0.0.1:${await freePort()}/`), / !! {2}http: .*refused/);
    assert.doesNotMatch(await doctor(''), /http:/);
    assert.match(
      (await project.amoc(['doctor'], { env: { AMOC_HTTP_BASE: 'example.org' } })).err,
      /httpBase: .*begins with http/,
    );
  });
});
