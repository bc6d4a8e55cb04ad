import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { complete } from '../../../src/console/terminal/completion.ts';

const own = {
  mine: { deep: { value: 1 } },
  get trap(): never {
    throw new Error('completion ran code');
  },
  spy: new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('completion ran code');
      },
    },
  ),
};
const context = createContext(own);
const sources = {
  scenarios: () => ['my_scenario', 'mongoose_simple', 'sleeper'],
  settingsOf: (scenario: string) =>
    scenario === 'sleeper' ? { sleepTime: 'how long a user sleeps' } : {},
  vocabulary: (object: string) => ({
    nodes: object === 'amocDist' ? ['slave1', 'slave1/1'] : ['local', 'local/1', 'local/2'],
    settings: { messages: 'messages that a user sends' },
    counters: ['turns{kind=a}'],
    times: ['answer'],
  }),
  settings: { interarrival: 'time between two starts', repeatInterval: 'pause' },
  metrics: {
    message_ttd: { kind: 'histogram', description: 'time to delivery' },
    messages_sent: { kind: 'counter', description: 'messages' },
  },
  context,
  globals: runInContext('globalThis', context) as object,
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
    ['amoc_local:sta', ['status().']],
    ['user(7).', ['trace(']],
    ['amocLocal.user(7).tr', ['trace(']],
    ['amocLocal.remove(5, {fo', ['force: ']],
    ['amocLocal.remove({ fo', ['force: ']],
    ['amocLocal.remove(5, <fo', ['force:']],
    ['amoc_local:remove(5, [{fo', ['force,']],
    ["amocLocal.do('s', 1, 2, { comm", ['comment: ']],
    ["amocLocal.do('s', 1, 2, { comment: 'x', pl", ['placement: ']],
    ["amocLocal.do('s', 1, 2, { placement: 'le", ["leastLoaded'"]],
    ["amocLocal.do('s', 1, 2, { settings: { int", ['interarrival: ']],
    ["amocLocal.do('sleeper', 1, 2, { settings: { sl", ['sleepTime: ']],
    ["amocLocal.do('s', 1, 2, { settings: { interarrival: 5, re", ['repeatInterval: ']],
    ["amocLocal.do('s', 1, 2, { settings: { a: 1 }, co", ['comment: ']],
    ["amocLocal.do('s', 1, 2, { thresholds: { 'message_ttd p9", ['p95', 'p99', 'p99.9']],
    ["amocLocal.do('s', 1, 2, { thresholds: { 'answer me", ['mean']],
    ["amocLocal.do('s', 1, 2, { thresholds: { 'turns{kind=a} r", ['rate']],
    ["amocLocal.do('s', 1, 2, { thresholds: { err", ['errors: ']],
    ['amocLocal.update({ rep', ['repeatInterval: ']],
    ['amocLocal.update({ mess', ['messages: ']],
    ['amoc_local:update([{int', ['interarrival,']],
    ["amocLocal.users({ state: 'cr", ["crashed'"]],
    ["amocLocal.do('s', 1, 2, { nodes: ['local/", ["local/1'", "local/2'"]],
    ["amocDist.drain('sl", ["slave1'", "slave1/1'"]],
    ["amocLocal.log('local/", ["local/1'", "local/2'"]],
    ["logLevel('de", ["debug'"]],
    ['amoc_', ['amoc_local:', 'amoc_dist:']],
    ['hel', ['help(']],
    ['min', ['mine']],
    ['mine.deep.va', ['value']],
    ['x = mine.de', ['deep']],
    ['JSON.str', ['stringify']],
    ['Promise.allS', ['allSettled']],
    ['encodeURIC', ['encodeURIComponent']],
    ['amocLocal.add(min', ['mine']],
    ['trap.x', []],
    ['spy.x', []],
    ['nothing.at.all', []],
    ["'in a string", []],
  ] as const) {
    it(line, () => {
      const found = candidates(line);
      // Statistics come with the name of their metric.
      const names = line.includes('thresholds')
        ? found.map((each) => each.replace(/^.* (?=\S)/, '').replace(/'$/, ''))
        : found;
      assert.deepEqual(names, expected);
    });
  }

  it('offers the beginnings on an empty line', () => {
    assert.ok(candidates('').includes('amocLocal'));
  });

  it('describes candidates', () => {
    const [names, , about = []] = complete('amocLocal.remove(5, {', sources);
    assert.deepEqual(names, ['force: ', 'ids: ']);
    assert.equal(about.length, names.length);
    assert.match(about[0]!, /at once/);
  });
});
