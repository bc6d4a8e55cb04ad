import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complete } from '../../../src/console/terminal/completion.ts';

const sources = {
  scenarios: () => ['my_scenario', 'mongoose_simple', 'sleeper'],
  nodes: () => ['local', 'local/1', 'local/2'],
  settings: ['interarrival', 'repeatInterval'],
  strategies: ['roundRobin', 'leastLoaded'],
  userStates: ['running', 'crashed'],
  context: {
    mine: { deep: { value: 1 } },
    get trap(): never {
      throw new Error('completion ran code');
    },
  },
};
const candidates = (line: string): string[] => complete(line, sources)[0];

describe('completion', () => {
  for (const [line, expected] of [
    ["amocLocal.do('my", ["my_scenario'"]],
    ['amocLocal.do("sl', ['sleeper"']],
    ['amoc_local:do(my_sc', ['my_scenario']],
    ["c('mo", ["mongoose_simple'"]],
    ['c(mo', ['mongoose_simple']],
    ['amocLocal.rem', ['remove(']],
    ['amocDist.st', ['stop(', 'status()']],
    ['amoc_local:ad', ['add(']],
    ['amocLocal.remove(5, {fo', ['force: ']],
    ['amocLocal.remove(5, <fo', ['force:']],
    ['amoc_local:remove(5, [{fo', ['force,']],
    ["amocLocal.do('s', 1, 2, { comm", ['comment: ']],
    ["amocLocal.do('s', 1, 2, { comment: 'x', pl", ['placement: ']],
    ["amocLocal.do('s', 1, 2, { placement: 'le", ["leastLoaded'"]],
    ["amocLocal.do('s', 1, 2, { settings: { int", ['interarrival: ']],
    ['amocLocal.update({ rep', ['repeatInterval: ']],
    ["amocLocal.users({ state: 'cr", ["crashed'"]],
    ["amocLocal.do('s', 1, 2, { nodes: ['local/", ["local/1'", "local/2'"]],
    ["logLevel('de", ["debug'"]],
    ['amoc_', ['amoc_local:', 'amoc_dist:']],
    ['hel', ['help(']],
    ['min', ['mine']],
    ['mine.deep.va', ['value']],
    ['x = mine.de', ['deep']],
    ['trap.x', []],
    ['nothing.at.all', []],
  ] as const) {
    it(line, () => assert.deepEqual(candidates(line), expected));
  }

  it('offers the beginnings on an empty line', () => {
    assert.ok(candidates('').includes('amocLocal'));
  });
});
