import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { xml } from '../../../src/xmpp/element.ts';
import type { Element } from '../../../src/xmpp/element.ts';
import { openSession } from '../../../src/xmpp/session/session.ts';
import type { Session } from '../../../src/xmpp/session/session.ts';
import { Stanza } from '../../../src/xmpp/stanza.ts';
import { iq, NS } from '../../../src/xmpp/stanzas/index.ts';
import { uploadFile } from '../../../src/xmpp/helpers/upload.ts';
import type { UploadTimer } from '../../../src/xmpp/helpers/upload.ts';
import { settle } from '../../support/fake-clock.ts';
import { MemoryWire } from '../../support/memory-wire.ts';
import { context } from '../../support/xmpp.ts';

interface Request {
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

describe('the upload of a file', () => {
  const requests: Request[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { url, headers } = request;
      requests.push({ url, headers, body: Buffer.concat(parts).toString() });
      if (url === '/never') return;
      response.statusCode = url === '/full' ? 507 : 201;
      response.end(url === '/full' ? 'no room is left' : '');
    });
  });
  let base: string;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** A session whose server answers the next request with that slot. */
  const setUp = (): { session: Session; wire: MemoryWire; grant: (slot: Element) => Stanza } => {
    const wire = new MemoryWire();
    const session = openSession(
      { jid: 'user_1@localhost/res1', wire, early: [] },
      { sendBuffer: { bytes: 10_000, policy: 'wait' } },
      { observer: context().observer, schedule: () => () => {}, now: () => 0 },
    );
    const grant = (slot: Element): Stanza => {
      const asked = new Stanza(wire.written.pop()!);
      wire.owner.stanza(iq.result(asked, slot).toString());
      return asked;
    };
    return { session, wire, grant };
  };
  const slotOf = (put: string, ...headers: Element[]): Element =>
    xml(
      'slot',
      { xmlns: NS.httpUpload },
      xml('put', { url: put }, ...headers),
      xml('get', { url: 'https://example.org/get' }),
    );
  const header = (name: string, value: string): Element => xml('header', { name }, value);

  it('asks for a slot, puts the file there, times both, and gives the address for others', async () => {
    const { session, grant } = setUp();
    const times: string[] = [];
    const timer: UploadTimer = {
      timed: async (name, work) => {
        const done = await work();
        times.push(name);
        return done;
      },
    };
    const file = { name: 'ä & b.txt', type: 'text/plain', content: 'é' };
    const uploading = uploadFile(session, 'upload.localhost', file, timer);
    await settle();
    const asked = grant(
      slotOf(
        `${base}/put`,
        header('Authorization', 'Basic\r\n x'),
        header('Cookie', 'a=b'),
        header('Host', 'evil.example'),
      ),
    );
    const { getUrl } = await uploading;
    assert.equal(getUrl, 'https://example.org/get');
    const { attrs } = asked.payload!;
    assert.deepEqual(
      [asked.to, attrs['filename'], attrs['size'], attrs['content-type']],
      ['upload.localhost', 'ä & b.txt', '2', 'text/plain'],
    );
    const { url, headers, body } = requests.pop()!;
    assert.deepEqual([url, body], ['/put', 'é']);
    assert.equal(headers['content-type'], 'text/plain');
    assert.equal(headers['content-length'], '2');
    assert.equal(headers.authorization, 'Basic x');
    assert.equal(headers.cookie, 'a=b');
    assert.notEqual(headers.host, 'evil.example');
    assert.deepEqual(times, ['upload_slot', 'upload_put']);
  });

  it('says what the other side answered, or that it cannot be reached', async () => {
    for (const [url, message] of [
      [`${base}/full`, /\/full answered 507 to the PUT: no room is left/],
      ['http://127.0.0.1:1/x', /127\.0\.0\.1:1\/x cannot be reached: .+/],
    ] as const) {
      const { session, grant } = setUp();
      const uploading = uploadFile(session, 'upload.localhost', { name: 'x', size: 3 });
      const failed = assert.rejects(uploading, { code: 'CONNECTION', message });
      await settle();
      grant(slotOf(url));
      await failed;
    }
    const { session, grant } = setUp();
    const uploading = uploadFile(session, 'upload.localhost', { name: 'x', size: 3 });
    const failed = assert.rejects(uploading, { code: 'STANZA', message: /without a slot/ });
    await settle();
    grant(xml('odd'));
    await failed;
  });

  it('ends when its user is removed', async () => {
    const { session, grant } = setUp();
    const controller = new AbortController();
    const timer: UploadTimer = { timed: async (_, work) => work(), signal: controller.signal };
    const uploading = uploadFile(session, 'upload.localhost', { name: 'x', size: 3 }, timer);
    const removed = assert.rejects(uploading, { message: 'user 7 was removed' });
    await settle();
    grant(slotOf(`${base}/never`));
    const arrived = requests.length;
    while (requests.length === arrived) await settle();
    controller.abort(new Error('user 7 was removed'));
    await removed;
  });
});
