import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as amoc from '../../../src/index.ts';
import { Project } from '../../support/project.ts';
import type { Row } from '../row.ts';

export const accounts: readonly Row[] = [
  {
    what: 'an account that was cancelled cannot log in any more',
    spec: 'XEP-0077 §3.2',
    check: async (place) => {
      let jid = '';
      await place.story(1, async (alice) => {
        jid = alice.jid;
        await alice.send(amoc.presence('unavailable'));
      });
      const username = jid.split('@')[0] as string;
      await assert.rejects(place.logIn({ username, password: 'x' }), {
        name: 'AuthenticationFailed',
      });
    },
  },
  {
    what: 'the accounts that `amoc accounts` writes can be imported',
    spec: 'XEP-0227',
    differs: { embedded: { why: 'imports nothing: it makes its accounts itself' } },
    check: async (place) => {
      using project = new Project({});
      const { folder, name, ports } = place.real;
      const out = place.isProsody ? join(folder, 'data') : folder;
      const env = { AMOC_XMPP_DOMAIN: 'localhost', AMOC_XMPP_USER: 'im.port_{id}' };
      const written = await project.amoc(['accounts', name, '1', '20', '--out', out], { env });
      assert.equal(written.code, 0, written.err);
      if (place.isEjabberd) {
        const response = await fetch(`http://127.0.0.1:${ports.http}/api/import_piefxis`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ file: join(out, 'localhost.xml') }),
        });
        assert.equal(response.status, 200, await response.text());
      }
      for (const id of [1, 20]) {
        await using session = await place.logIn({}, { id, settings: { xmppUser: 'im.port_{id}' } });
        await session.sendIq(amoc.ping('localhost'));
      }
    },
  },
];
