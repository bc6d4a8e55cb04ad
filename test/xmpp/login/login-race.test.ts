import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AmocError } from '../../../src/lib/errors.ts';
import { ConnectError } from '../../../src/xmpp/errors.ts';
import { connectComponent } from '../../../src/xmpp/login/component.ts';
import { connect } from '../../../src/xmpp/login/connect.ts';
import { LoginRace } from '../../../src/xmpp/login/login-race.ts';
import { startScriptedServer } from '../../support/scripted-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { context, options } from '../../support/xmpp.ts';

const never = (): Promise<never> => new Promise(() => {});

function setUp(): {
  race: LoginRace;
  clock: FakeClock;
  /** How many times the login was given up. */
  given: () => number;
  remove: (reason: unknown) => void;
  isHeld: () => boolean;
} {
  const clock = new FakeClock();
  let given = 0;
  let abort: ((reason: unknown) => void) | undefined;
  const race = new LoginRace(
    { host: 'h', port: 5222, timeoutMs: 2000 },
    {
      schedule: (ms, call) => clock.schedule(ms, call),
      now: () => clock.monotonic(),
      onAbort: (call) => {
        abort = call;
        return () => (abort = undefined);
      },
    },
    { missing: () => 'nothing came', giveUp: () => given++ },
  );
  return {
    ...{ race, clock, given: () => given },
    remove: (reason) => abort?.(reason),
    isHeld: () => abort !== undefined,
  };
}

describe('the race of a login', () => {
  it('gives what its steps gave, and leaves no timer', async () => {
    const { race, clock, given, isHeld } = setUp();
    assert.equal(await race.run(() => Promise.resolve(7)), 7);
    assert.deepEqual([clock.pending, given(), isHeld()], [0, 0, false]);
  });

  it('is lost to the time-out, at the stage that it had reached', async () => {
    const { race, clock, given } = setUp();
    race.stage = 'authenticate';
    await assert.rejects(clock.resolve(race.run(never)), (error: ConnectError) => {
      assert.ok(error instanceof ConnectError);
      assert.deepEqual([error.stage, error.isLocal], ['authenticate', false]);
      assert.equal((error.cause as AmocError).code, 'TIMEOUT');
      assert.match(error.message, /nothing came within 2 s/);
      return true;
    });
    assert.equal(given(), 1);
  });

  it('is lost to this process when the time-out itself is late', async () => {
    let now = 0;
    let due = (): void => {};
    const race = new LoginRace(
      { host: 'h', port: 5222, timeoutMs: 2000 },
      { schedule: (_, call) => ((due = call), () => {}), now: () => now },
      { missing: () => 'nothing came', giveUp: () => {} },
    );
    const running = race.run(never);
    now = 5000;
    due();
    await assert.rejects(running, (error: ConnectError) => {
      assert.deepEqual([error.name, error.isLocal], ['GeneratorLimit', true]);
      assert.equal((error.cause as AmocError).code, 'BLOCKED');
      return true;
    });
  });

  it('ends with the reason of the removal, unchanged', async () => {
    const { race, clock, given, remove } = setUp();
    const reason = new Error('removed');
    const running = race.run(never);
    remove(reason);
    await assert.rejects(running, (error) => error === reason);
    assert.deepEqual([clock.pending, given()], [0, 1]);
  });

  it('ends with the first failure, also one from before it began', async () => {
    const { race } = setUp();
    race.fail(new AmocError('CONNECTION', 'first'));
    race.fail(new AmocError('CONNECTION', 'second'));
    await assert.rejects(race.run(never), /first/);
  });
});

describe('a process that was blocked during a login', () => {
  /** A context whose timers, by its own clock, fire five seconds late. */
  const late = (): ReturnType<typeof context> => {
    const usual = context();
    let isLate = false;
    return {
      ...usual,
      now: () => performance.now() + (isLate ? 5000 : 0),
      schedule: (ms, call) =>
        usual.schedule(ms, () => {
          isLate = true;
          call();
        }),
    };
  };

  for (const [who, logIn] of [
    [
      'a client',
      (port: number) => connect(options(port, 1, { tls: 'none', timeoutMs: 50 }), late()),
    ],
    [
      'a component',
      (port: number) => {
        const target = { host: '127.0.0.1', port, domain: 'c.localhost', secret: 's' };
        const { sendBuffer } = options(port);
        return connectComponent({ ...target, sendBuffer, timeoutMs: 50 }, late());
      },
    ],
  ] as const) {
    it(`is named as the cause by ${who}`, async () => {
      await using server = await startScriptedServer('tcp', { takes: () => true, header: '' });
      await assert.rejects(logIn(server.port), (error: ConnectError) => {
        assert.deepEqual([error.name, error.isLocal], ['GeneratorLimit', true]);
        return true;
      });
    });
  }
});
