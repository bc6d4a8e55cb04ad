import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import '../../../src/app/drivers.ts';
import { maskHttp } from '../../../src/drivers/http/mask.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/ports.ts';
import { speak, startServer } from './support.ts';

describe('user.http', () => {
  it('sends text and JSON, and gives status, headers and body', async () => {
    await using server = await startServer((request, response, body) => {
      const { method, url, headers } = request;
      response.setHeader('x-seen', [String(headers['content-type']), String(headers['x-mine'])]);
      response.end(JSON.stringify({ method, url, body, agent: headers['user-agent'] }));
    });
    await using speaker = await speak({ httpBase: `${server.url}/api/` });
    const { http } = speaker.user;
    const got = await http.get('things?x=1', { headers: { 'X-Mine': 'yes' } });
    assert.deepEqual([got.status, got.ok, got.header('X-Seen')], [200, true, 'undefined']);
    assert.deepEqual(got.headers['x-seen'], ['undefined', 'yes']);
    const { agent, ...seen } = got.json() as Record<string, string>;
    assert.deepEqual(seen, { method: 'GET', url: '/api/things?x=1', body: '' });
    assert.match(agent ?? '', /^amoc\/\d/);
    const put = await http.put('/up', { json: { n: [1, 'é'] } });
    assert.match(put.text(), /"body":"\{\\"n\\":\[1,\\"é\\"\]\}"/);
    assert.match(put.header('x-seen') ?? '', /^application\/json/);
    const posted = await http.post(`${server.url}/x`, { body: new Uint8Array([104, 105]) });
    assert.match(posted.text(), /"method":"POST","url":"\/x","body":"hi"/);
    assert.match((await http.delete('/x')).text(), /"method":"DELETE"/);
    assert.match((await http.request('PATCH', '/x')).text(), /"method":"PATCH"/);
    // One connection, kept alive.
    assert.equal(server.connections(), 1);
    const { counters, times, gauges } = speaker.figures();
    assert.equal(counters['http_requests'], 5);
    assert.equal(counters['http_failed'], undefined);
    assert.equal(counters['http_bytes_sent'], '{"n":[1,"é"]}'.length + 1 + 2);
    assert.equal(times['http_request']?.count, 5);
    assert.equal(times['http_request_by{method="PATCH",status="2xx"}']?.count, 1);
    assert.equal(gauges['http_connections_open'], 1);
  });

  it('takes an answer with an error status for an answer, and counts it by class and name', async () => {
    await using server = await startServer((request, response) => {
      response.statusCode = Number(request.url?.slice(1));
      response.end('no');
    });
    await using speaker = await speak({ httpBase: server.url });
    for (const status of [404, 503, 201]) {
      const { status: got } = await speaker.user.http.get(`/${status}`, { name: 'lookup' });
      assert.equal(got, status);
    }
    const { counters, times } = speaker.figures();
    assert.deepEqual([counters['http_requests'], counters['http_errors']], [3, 2]);
    assert.equal(counters['http_failed'], undefined);
    const series = Object.keys(times).filter((name) => name.startsWith('http_request_by'));
    assert.deepEqual(
      series.sort(),
      ['2xx', '4xx', '5xx'].map(
        (of) => `http_request_by{method="GET",name="lookup",status="${of}"}`,
      ),
    );
  });

  it('ends a request at its time-out, while it waits for the answer and while it reads it', async () => {
    await using server = await startServer((request, response) => {
      if (request.url === '/hangs') return;
      response.writeHead(200, { 'content-length': '100' });
      response.write('begun');
    });
    await using speaker = await speak({ httpBase: server.url, httpTimeout: '100ms' });
    for (const path of ['/hangs', '/stops']) {
      await assert.rejects(speaker.user.http.get(`${path}?token=secret`), {
        name: 'HttpError',
        code: 'TIMEOUT',
        message: `GET ${server.url}${path}: no complete answer within 100 ms`,
      });
    }
    assert.ok(speaker.user.holdsNothing);
    await eventually(
      () => server.sockets.size,
      (open) => open === 0,
    );
    const { counters, times } = speaker.figures();
    assert.equal(counters['http_failed_by{reason="timeout"}'], 2);
    assert.equal(times['http_request'], undefined);
  });

  it('ends with its user, and then says nothing about the server', async () => {
    await using server = await startServer(() => {});
    await using speaker = await speak({ httpBase: server.url });
    const pending = speaker.user.http.get('/hangs');
    const outcome = assert.rejects(pending, { name: 'UserRemoved', code: 'REMOVED' });
    await eventually(
      () => server.sockets.size,
      (open) => open === 1,
    );
    speaker.user.remove();
    await outcome;
    await assert.rejects(speaker.user.http.get('/'), { code: 'REMOVED' });
    await eventually(
      () => server.sockets.size,
      (open) => open === 0,
    );
    const { counters } = speaker.figures();
    assert.deepEqual([counters['http_requests'], counters['http_failed']], [1, undefined]);
  });

  it('ends what the end of a start leaves behind', async () => {
    await using server = await startServer(() => {});
    await using speaker = await speak({ httpBase: server.url });
    const outcome = assert.rejects(speaker.user.http.get('/hangs'), /start\(\) ended before/);
    await eventually(
      () => server.sockets.size,
      (open) => open === 1,
    );
    await speaker.user.closeAll();
    await outcome;
    assert.equal(speaker.figures().counters['http_failed'], undefined);
  });

  it('stops reading a body that is too long, whether its length was announced or not', async () => {
    let sent = 0;
    await using server = await startServer((request, response) => {
      if (request.url === '/announced') response.setHeader('content-length', 5e8);
      const more = (): void => {
        sent += 65_536;
        if (response.destroyed) return;
        response.write(Buffer.alloc(65_536), () => setImmediate(more));
      };
      more();
    });
    await using speaker = await speak({ httpBase: server.url, httpBodyBytes: 1_000_000 });
    for (const path of ['/announced', '/endless']) {
      await assert.rejects(speaker.user.http.get(path), {
        code: 'PROTOCOL',
        reason: 'too long',
        message: /is longer than 1000000 bytes; httpBodyBytes allows more/,
      });
    }
    await eventually(
      () => server.sockets.size,
      (open) => open === 0,
    );
    assert.ok(sent < 1e8, `${sent} bytes`);
    assert.equal(speaker.figures().counters['http_failed_by{reason="too long"}'], 2);
  });

  it('names a server that refuses, cuts, or speaks something else', async () => {
    await using broken = await startServer((request, response) => {
      if (request.url === '/cut') response.socket?.destroy();
      else response.socket?.end('SSH-2.0-OpenSSH_9\r\n\r\n');
    });
    await using speaker = await speak();
    const { http } = speaker.user;
    const port = await freePort();
    await assert.rejects(http.get(`http://user:secret@127.0.0.1:${port}/x?token=secret`), {
      code: 'CONNECTION',
      reason: 'refused',
      message: `GET http://127.0.0.1:${port}/x: the connection was refused; is the server running there?`,
    });
    await assert.rejects(http.get(`${broken.url}/cut`), { code: 'CONNECTION', reason: 'cut' });
    await assert.rejects(http.get(`${broken.url}/ssh`), { code: 'PROTOCOL', reason: 'malformed' });
    await assert.rejects(http.get(`https://127.0.0.1:${broken.port}/`), { code: 'CONNECTION' });
    const { counters } = speaker.figures();
    assert.equal(counters['http_failed'], 4);
    assert.equal(counters['http_failed_by{reason="refused"}'], 1);
  });

  it('refuses what HTTP does not allow, before anything is sent', async () => {
    await using server = await startServer((_, response) => response.end());
    await using speaker = await speak();
    const { http } = speaker.user;
    const { url } = server;
    for (const [asked, message] of [
      [() => http.get('/relative'), /no base is set; set httpBase/],
      [() => http.get('ftp://me:secret@x/?secret'), /invalid URL "ftp:\/\/\*\*\*@x\/\?…"/],
      [() => http.request('get it', url), /invalid method/],
      [() => http.get(url, { headers: { 'a b': '1' } }), /cannot have the header "a b"/],
      [() => http.get(url, { headers: { Connection: 'close' } }), /cannot have the header/],
      [() => http.get(url, { headers: { a: 'x\r\nb: y' } }), /characters that HTTP forbids/],
      [() => http.post(url, { body: 'x', json: 1 }), /give body or json, not both/],
      [() => http.get(url, { redirects: 21 }), /whole number from 0 to 20/],
    ] as const) {
      await assert.rejects(asked(), { code: 'ARGUMENT', message });
    }
    assert.deepEqual([server.connections(), speaker.figures().counters], [0, {}]);
  });

  it('follows redirects when asked, and keeps secrets from other servers', async () => {
    const seen: string[] = [];
    await using other = await startServer((request, response) => {
      seen.push(`${request.headers.authorization} ${String(request.headers['x-mine'])}`);
      response.end('there');
    });
    await using server = await startServer((request, response, body) => {
      seen.push(`${request.method} ${request.url} ${body} ${request.headers.authorization}`);
      if (request.url === '/loop') response.writeHead(307, { location: '/loop' });
      else if (request.url === '/form') response.writeHead(303, { location: '/done' });
      else if (request.url === '/away') response.writeHead(302, { location: `${other.url}/` });
      else response.writeHead(200);
      response.end();
    });
    await using speaker = await speak({ httpBase: server.url });
    const { http } = speaker.user;
    const plain = await http.get('/away');
    assert.deepEqual([plain.status, plain.header('location')], [302, `${other.url}/`]);
    const headers = { authorization: 'Bearer secret', 'x-mine': 'yes' };
    const there = await http.get('/away', { redirects: 3, headers });
    assert.equal(there.text(), 'there');
    assert.equal(seen.at(-1), 'undefined yes');
    assert.equal((await http.post('/form', { body: 'a=1', redirects: 1, headers })).status, 200);
    assert.deepEqual(seen.slice(-2), ['POST /form a=1 Bearer secret', 'GET /done  Bearer secret']);
    await assert.rejects(http.get('/loop', { redirects: 4 }), /\/loop: more than 4 redirects/);
    assert.equal(speaker.figures().counters['http_requests'], 1 + 2 + 2 + 5);
  });

  it('opens no more connections than it may', async () => {
    let active = 0;
    let most = 0;
    await using server = await startServer((_, response) => {
      most = Math.max(most, ++active);
      setTimeout(() => {
        active--;
        response.end();
      }, 5);
    });
    await using speaker = await speak({ httpBase: server.url, httpConnections: 3 });
    await Promise.all(Array.from({ length: 30 }, () => speaker.user.http.get('/')));
    assert.deepEqual([most, server.connections()], [3, 3]);
    assert.equal(speaker.figures().times['http_request']?.count, 30);
  });

  it('measures from the moment that was intended', async () => {
    await using server = await startServer((_, response) => response.end());
    await using speaker = await speak({ httpBase: server.url });
    await speaker.user.http.get('/', { since: performance.now() - 5000 });
    assert.ok((speaker.figures().times['http_request']?.min ?? 0) >= 5000);
  });

  it('shows its traffic without secrets', async () => {
    await using server = await startServer((_, response) => {
      response.setHeader('set-cookie', 'id=secret');
      response.end('{"access_token":"sec\\"ret","name":"anna"}');
    });
    await using speaker = await speak({ httpBase: server.url });
    const lines: string[] = [];
    speaker.user.trace((direction, text) => lines.push(`${direction} ${maskHttp(text)}`));
    const target = server.url.replace('http://', 'http://anna:secret@');
    await speaker.user.http.post(`${target}/login?token=secret`, {
      body: 'user=anna&password=secret',
    });
    assert.equal(lines.length, 2);
    assert.match(
      lines[0] ?? '',
      /^out POST \S+\/login\?token=\*\*\*\n[\s\S]*authorization: \*\*\*/,
    );
    assert.match(lines[1] ?? '', /^in 200\n[\s\S]*"name":"anna"/);
    assert.doesNotMatch(lines.join('\n'), /secret|c2VjcmV0|sec\\"ret/);
  });

  it('is not held up by a server that never accepts', async () => {
    const deaf = createServer({ pauseOnConnect: true }, () => {});
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
    await using speaker = await speak();
    const { port } = deaf.address() as AddressInfo;
    const asked = speaker.user.http.get(`http://127.0.0.1:${port}/`, { timeout: '50ms' });
    await assert.rejects(asked, { code: 'TIMEOUT' });
    deaf.close();
  });
});
