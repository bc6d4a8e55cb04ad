import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PrometheusSource } from '../../src/outputs/prometheus.ts';
import { servePrometheus } from '../../src/outputs/prometheus-server.ts';

describe('/metrics', () => {
  it('is all there is, to be read only, and empty before the first run', async () => {
    await using server = await servePrometheus('127.0.0.1', 0, [new PrometheusSource('amocLocal')]);
    const url = `http://127.0.0.1:${server.port}`;
    const ok = await fetch(`${url}/metrics?x=1`);
    assert.equal(ok.status, 200);
    assert.match(ok.headers.get('content-type') ?? '', /^text\/plain/);
    assert.equal((await ok.text()).trim(), '');
    assert.equal((await fetch(`${url}/other`)).status, 404);
    assert.equal((await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })).status, 405);
  });

  it('says when its port is taken', async () => {
    await using first = await servePrometheus('127.0.0.1', 0, []);
    await assert.rejects(servePrometheus('127.0.0.1', first.port, []), {
      message: `port ${first.port} of 127.0.0.1 is taken by another program`,
    });
  });
});
