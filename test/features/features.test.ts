import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Feature, FeatureNode, MasterSide, SlaveSide } from '../../src/features/feature.ts';
import type { JsonValue } from '../../src/lib/text/bounded-json.ts';
import { AmocError } from '../../src/lib/errors.ts';
import type { RunMemory } from '../../src/master/run/journal.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';

interface EchoFunctions {
  echo(text: string): Promise<unknown>;
}

/** A feature of the tests: says everything that happens to it, and passes texts on. */
function echoFeature(): {
  feature: Feature<EchoFunctions>;
  said: string[];
  masters: MasterSide[];
  sides: SlaveSide[];
  nodes: Map<string, FeatureNode>;
} {
  const said: string[] = [];
  const masters: MasterSide[] = [];
  const sides: SlaveSide[] = [];
  const nodes = new Map<string, FeatureNode>();
  const feature: Feature<EchoFunctions> = {
    name: 'echo',
    functions: ['echo'],
    master: (side) => {
      masters.push(side);
      let kept: JsonValue = 'new';
      return {
        nodeReady: (node) => {
          nodes.set(node.name, node);
          said.push(`ready ${node.name}`);
        },
        nodeGone: ({ name }) => said.push(`gone ${name}`),
        heard: ({ name }, body) => {
          if (body === 'nonsense') throw new AmocError('PROTOCOL', 'echo: nonsense');
          said.push(`${name} says ${JSON.stringify(body)}`);
        },
        asked: ({ name }, body) => {
          if (body === 'fail') throw new AmocError('BUSY', 'echo: too much');
          kept = body;
          return { name, body };
        },
        save: () => kept,
        restore: (saved) => {
          kept = saved;
          said.push(`restored ${JSON.stringify(saved)}`);
        },
        close: () => said.push('closed'),
      };
    },
    slave: (side) => {
      sides.push(side);
      return {
        heard: (body) => said.push(`heard ${JSON.stringify(body)}`),
        asked: (body) => ({ answer: body }),
        api: ({ id }) => ({ echo: (text) => side.ask({ id, text }, 1000) }),
      };
    },
  };
  return { feature, said, masters, sides, nodes };
}

async function setUp(start: (id: number, user: EchoFunctions) => unknown = () => undefined) {
  const { feature, ...rest } = echoFeature();
  const scenario = { connectionsPerUser: 0, start };
  const cluster = new MemoryCluster({ work: scenario }, { leases: true, features: [feature] });
  const slaves = await cluster.joinMany(2, 'slave');
  await cluster.run(cluster.master.do('work', 1, 2, { settings: { repeatInterval: '1h' } }));
  await cluster.clock.advance(1000);
  return { cluster, slaves, ...rest };
}

describe('a run feature', () => {
  it('is told of the processes of the run, and of its end', async () => {
    const { cluster, slaves, said } = await setUp();
    assert.deepEqual(said.splice(0), ['ready slave/1', 'ready slave/2']);
    slaves[0]?.die();
    await cluster.clock.advance(11_000);
    assert.deepEqual(said.splice(0), ['gone slave/1']);
    await cluster.join('slave/3');
    await cluster.clock.advance(1000);
    assert.deepEqual(said.splice(0), ['ready slave/3']);
    await cluster.run(cluster.master.stop({ force: true }));
    assert.deepEqual(said, ['closed']);
  });

  it('sends messages and requests each way', async () => {
    const { cluster, said, masters, sides, nodes } = await setUp();
    said.length = 0;
    const [node] = nodes.values();
    const [master] = masters;
    const [slave] = sides;
    assert.ok(node && master && slave);
    assert.deepEqual(await cluster.run(master.ask(node, [1, 2], 1000)), { answer: [1, 2] });
    assert.deepEqual(await cluster.run(slave.ask({ a: 1 }, 1000)), {
      name: 'slave/1',
      body: { a: 1 },
    });
    await assert.rejects(cluster.run(slave.ask('fail', 1000)), {
      code: 'BUSY',
      message: 'echo: too much',
    });
    master.send(node, 'hello');
    slave.send('hello yourself');
    await cluster.clock.advance(10);
    assert.deepEqual(said, ['heard "hello"', 'slave/1 says "hello yourself"']);
  });

  it('gives each user functions of its own', async () => {
    const answers: unknown[] = [];
    await setUp(async (_id, user) => answers.push(await user.echo('hi')));
    assert.deepEqual(answers, [
      { name: 'slave/1', body: { id: 1, text: 'hi' } },
      { name: 'slave/2', body: { id: 2, text: 'hi' } },
    ]);
  });

  it('costs a process its connection with an invalid or too large message', async () => {
    const bodies: JsonValue[] = ['nonsense', 'x'.repeat(300_000), Array(30_000).fill(0)];
    for (const body of bodies) {
      const { cluster, sides } = await setUp();
      sides[0]?.send('sound');
      await cluster.clock.advance(100);
      assert.equal(cluster.master.nodes.get('slave/1')?.isAway, false);
      sides[0]?.send(body);
      await cluster.clock.advance(100);
      assert.equal(cluster.master.nodes.get('slave/1')?.isAway, true);
    }
  });

  it('continues with a restarted master from what it has saved', async () => {
    let memory: RunMemory | undefined;
    const { feature, said, sides } = echoFeature();
    const journal = {
      isDue: true,
      save: (state: () => unknown) => {
        memory = JSON.parse(JSON.stringify(state())) as RunMemory;
        return true;
      },
      clear: () => (memory = undefined),
    };
    const work = { connectionsPerUser: 0, start: () => undefined };
    const cluster = new MemoryCluster({ work }, { leases: true, journal, features: [feature] });
    await cluster.join('slave1/1');
    await cluster.run(cluster.master.do('work', 1, 1));
    await cluster.run((sides[0] as SlaveSide).ask('to be kept', 1000));
    await cluster.clock.advance(2000);
    said.length = 0;
    await cluster.restartMaster(memory as unknown as RunMemory);
    await cluster.clock.advance(2000);
    assert.deepEqual(said, ['restored "to be kept"', 'ready slave1/1']);
  });
});
