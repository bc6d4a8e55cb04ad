import assert from 'node:assert/strict';
import * as amoc from '../../../src/index.ts';
import type { Row } from '../row.ts';

const { chatTo, isChatMessage } = amoc;

export const components: readonly Row[] = [
  {
    what: 'a component is taken in, gets what is sent to its domain, and answers',
    spec: 'XEP-0114',
    differs: { embedded: { why: 'takes no components' } },
    check: async (place) => {
      await using component = await place.component();
      await place.story(1, async (alice) => {
        await alice.send(chatTo('echo@component.localhost', 'hello component'));
        const got = await component.waitForStanza(isChatMessage('hello component'));
        const answer = chatTo(got.from as string, 'hello user');
        answer.attrs['from'] = 'echo@component.localhost';
        await component.send(answer);
        await alice.waitForStanza(isChatMessage('hello user'));
      });
      await component.close();
      await assert.rejects(place.component({ secret: 'wrong' }), { name: 'AuthenticationFailed' });
    },
  },
];
