import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/lib/time/clock.ts';
import { Annotations } from '../../src/outputs/annotations.ts';
import { graphiteEvents } from '../../src/outputs/graphite-events.ts';
import type { EventKind, RunDefinition } from '../../src/record/types.ts';
import { assertLegible, hostileTexts } from '../support/hostile-text.ts';
import { eventually } from '../support/eventually.ts';

const definition: RunDefinition = {
  ...{ id: 'talk-1', cluster: 'amocDist', scenario: 'talk', hash: '00', comment: 'why' },
  ...{ from: 1, to: 9, seed: 1, settings: { pause: 5 }, thresholds: {}, nodes: ['a/1', 'b/1'] },
  ...{ startedAt: 0, versions: { amoc: '0', node: '20' } },
};

describe('annotations', () => {
  it('arrive in order, once each, over refusals and times away', async () => {
    const answers = [500, 200, 400, 200];
    const bodies: Record<string, unknown>[] = [];
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (data) => (text += String(data)));
      request.on('end', () => {
        const status = answers.shift() ?? 200;
        if (status !== 500) bodies.push(JSON.parse(text) as Record<string, unknown>);
        response.writeHead(status).end('words');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphite`;
    const said: string[] = [];
    await using annotations = new Annotations(
      'Graphite',
      graphiteEvents(url),
      systemClock,
      (level, text) => said.push(`${level}: ${text}`),
    );
    const mark = (kind: EventKind, text: string): void =>
      annotations.event({ at: 5000, kind, text }, definition);
    mark('start', 'talk, users 1..9');
    mark('notice', 'said to people only');
    mark('add', 'add 3');
    mark('node_lost', 'b/1 is gone');
    await eventually(
      () => bodies.length,
      (count) => count === 3,
    );
    assert.deepEqual(
      bodies.map(({ tags }) => tags),
      [
        ['amoc', 'start', 'talk'],
        ['amoc', 'add', 'talk'],
        ['amoc', 'node_lost', 'talk'],
      ],
    );
    assert.equal(bodies[0]!['when'], 5);
    assert.equal(
      bodies[0]!['data'],
      'talk, users 1..9\nscenario: talk\ncomment: why\nrun: talk-1\nstart: 1, end: 9\nnodes: 2 (a/1, b/1)\nsettings: {"pause":5}',
    );
    await eventually(
      () => said,
      (lines) => lines.length === 3,
    );
    assert.match(
      said.join('\n'),
      /warn: Graphite is unavailable: it answered HTTP 500; 3 events queued/,
    );
    assert.match(said.join('\n'), /info: Graphite is back/);
    assert.match(said.join('\n'), /warn: Graphite refused an event: HTTP 400/);
    assert.equal(annotations.dropped, 1);
    server.close();
    server.closeAllConnections();
  });

  it('are texts that a database takes, whatever a scenario or a person wrote', async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (data) => (text += String(data)));
      request.on('end', () => {
        bodies.push(text);
        response.writeHead(200).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await using annotations = new Annotations(
      'Graphite',
      graphiteEvents(url),
      systemClock,
      () => {},
    );
    for (const text of hostileTexts) {
      const settings = { [text]: text };
      annotations.event({ at: 1, kind: 'start', text }, { ...definition, comment: text, settings });
    }
    await eventually(
      () => bodies.length,
      (count) => count === hostileTexts.length,
    );
    for (const body of bodies) {
      const { data, tags } = JSON.parse(body) as { data: string; tags: string[] };
      assertLegible(data);
      assert.deepEqual(tags, ['amoc', 'start', 'talk']);
    }
    server.close();
    server.closeAllConnections();
  });
});
