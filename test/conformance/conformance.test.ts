import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Place, serverNames, startTarget } from './place.ts';
import type { Row } from './row.ts';
import { rows } from './rows/index.ts';

/** For a difference without a check of its own: the row must fail there, or the table is out of date. */
const fails =
  (check: Row['check']): Row['check'] =>
  (place) =>
    assert.rejects(check(place), 'it does not differ any more');

for (const name of serverNames) {
  describe(`conformance: ${name}`, { concurrency: 4 }, () => {
    let target: Awaited<ReturnType<typeof startTarget>>;
    before(async () => {
      target = await startTarget(name);
    });
    after(() => target?.[Symbol.asyncDispose]());
    for (const { what, spec, over = ['TCP'] as const, differs, check } of rows) {
      const difference = differs?.[name];
      for (const transport of over) {
        // It has no BOSH; a row for nothing else says so by itself.
        if (name === 'embedded' && transport.startsWith('BOSH')) continue;
        const title = `${what} (${spec}${over.length > 1 ? `, over ${transport}` : ''})`;
        const look = difference === undefined ? check : (difference.check ?? fails(check));
        it(difference === undefined ? title : `${title}: it ${difference.why}`, async (test) => {
          if (target === undefined) test.skip(`${name} is not installed: NOT tested here`);
          else await look(new Place(name, transport, target));
        });
      }
    }
  });
}
