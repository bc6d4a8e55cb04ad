import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { listenHttp } from '../../../src/lib/system/http-listener.ts';
import { eventually } from '../../support/eventually.ts';

describe('an HTTP server of a node', () => {
  it('answers beside a thousand connections that ask nothing, and keeps 128 of them', async () => {
    const server = createServer((_request, response) => response.end('here'));
    await using listener = await listenHttp(server, '127.0.0.1', 0);
    let open = 0;
    let opened = 0;
    const idle = Array.from({ length: 1000 }, () => {
      const socket = connect({ host: '127.0.0.1', port: listener.port });
      socket.on('connect', () => [open++, opened++]);
      socket.on('close', () => open--);
      socket.on('error', () => {});
      return socket;
    });
    try {
      await eventually(
        () => ({ open, opened }),
        (seen) => seen.opened === 1000 && seen.open <= 128,
      );
      const answer = await fetch(`http://127.0.0.1:${listener.port}/`);
      assert.equal(await answer.text(), 'here');
    } finally {
      for (const socket of idle) socket.destroy();
    }
  });
});
