/** Scenarios that behave badly, by name. */
export const badScenarios = {
  throws: `export function start(id: number) { throw new TypeError('user ' + id + ' is unhappy'); }`,
  throws_text: `export async function start() { throw 'just words'; }`,
  exits: `export async function start() { process.exit(3); }`,
  leaves_timer: `
    export async function start(id: number, user: import('amoc').User) {
      setTimeout(() => { throw new RangeError('from a timer'); }, 1);
      void Promise.reject(new Error('nobody waits for this'));
      await user.sleep('60s');
    }`,
  spins: `
    import type { User } from 'amoc';

    export async function start(id: number, user: User) {
      await user.sleep(1);
      while (true) {}
    }`,
  allocates: `
    const kept: unknown[] = [];
    export async function start(id: number, user: import('amoc').User) {
      for (;;) {
        kept.push(new Array(100_000).fill({ id }));
        await user.sleep(1);
      }
    }`,
  init_throws: `export function init() { throw new Error('no database here'); }\nexport function start() {}`,
  init_hangs: `export async function init() { await new Promise(() => {}); }\nexport function start() {}`,
  init_spins: `export function init() { while (true) {} }\nexport function start() {}`,
  no_start: `export function init() {}`,
  broken: `import { chatTo } from 'amoc';\nexport function start(id: number) {\n  return chatTo(id + 1, 'hello');\n}`,
  picky: `
    export const variables = {
      size: { description: 'a size', default: 3, check: (n: number) => n > 0 || 'a number above 0' },
    };
    export function start() {}`,
} as const;

/** Logs ten lines every 10 ms. */
export const chatty = `
  import type { User } from 'amoc';
  export const connectionsPerUser = 0;
  export async function start(id: number, user: User) {
    for (let line = 0; ; line++) {
      for (let each = 0; each < 10; each++) user.log.info('line ' + line + ' ' + 'x'.repeat(20));
      await user.sleep(10);
    }
  }`;

/** Users who write to themselves and then ask the server, by the clock. */
export const talkers = `
import { chatTo, isChatMessage, presence, ping } from 'amoc';
import type { User } from 'amoc';
export async function start(id: number, user: User) {
  const session = await user.connect();
  await session.send(presence());
  for await (const due of user.every('400ms')) {
    await session.send(chatTo(user.jid, 'hello'));
    await session.waitForStanza(isChatMessage('hello'));
    await user.timed('asked', () => session.sendIq(ping('localhost')), { since: due });
  }
}
`;
