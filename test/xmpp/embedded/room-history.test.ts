import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { xml } from '../../../src/xmpp/element.ts';
import { RoomHistory } from '../../../src/xmpp/embedded/room-history.ts';

const second = 1000;

function history(count: number): RoomHistory {
  const made = new RoomHistory('room@conference.localhost');
  for (let at = 1; at <= count; at++) {
    made.keep(`<message from="x"><body>${at}</body></message>`, at * second);
  }
  return made;
}

const numbers = (texts: readonly string[]): number[] =>
  texts.map((text) => Number(/<body>(\d+)/.exec(text)?.[1]));

describe('RoomHistory', () => {
  it('keeps the last 20, with the time', () => {
    const all = history(25).for(undefined, 30 * second);
    assert.deepEqual(
      numbers(all),
      Array.from({ length: 20 }, (_, at) => at + 6),
    );
    assert.match(
      all.at(-1) as string,
      /<\/body><delay xmlns="urn:xmpp:delay" from="room@conference.localhost" stamp="1970-01-01T00:00:25.000Z"\/><\/message>$/,
    );
  });

  for (const [wanted, expected] of [
    [{ maxstanzas: '2' }, [4, 5]],
    [{ maxstanzas: '0' }, []],
    [{ maxchars: '0' }, []],
    [{ seconds: '3' }, [3, 4, 5]],
    [{ since: '1970-01-01T00:00:04Z' }, [4, 5]],
    [{ since: 'nonsense' }, [1, 2, 3, 4, 5]],
  ] as const) {
    it(`gives ${JSON.stringify(expected)} to who wants ${JSON.stringify(wanted)}`, () => {
      const asked = xml('history', wanted);
      assert.deepEqual(numbers(history(5).for(asked, 6 * second)), expected);
    });
  }
});
