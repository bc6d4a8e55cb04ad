import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { AmocError, messageOf, systemCode } from '../lib/errors.ts';
import { scenariosFolder } from './installation.ts';

/**
 * `amoc new NAME`: writes a scenario to start from.
 *
 * @returns what to say about it
 * @throws {AmocError} `ARGUMENT` for a bad name, `FILE` when it is there already or cannot be written.
 */
export function newScenario(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_]{0,99}$/.test(name)) {
    throw new AmocError(
      'ARGUMENT',
      `'${name}' is no name for a scenario; use letters, digits and _`,
    );
  }
  const folder = scenariosFolder();
  const file = join(folder, `${name}.ts`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, template, { flag: 'wx' });
  } catch (error) {
    const why =
      systemCode(error) === 'EEXIST'
        ? 'is there already'
        : `cannot be written: ${messageOf(error)}`;
    throw new AmocError('FILE', `${file} ${why}`, { cause: error });
  }
  return `${relative(process.cwd(), file)} is written; try it with: amoc run ${name} 1 2 --for 10s\n`;
}

const template = `import { chatTo, isChatMessage, presence } from 'amoc';
import type { RunContext, User, Variables } from 'amoc';

// Settings of this scenario: amocLocal.do(…, { settings: { pause: '1s' } }), AMOC_PAUSE, or amoc.json.
export const variables = {
  pause: {
    description: 'time between two messages of a user',
    default: '2s',
    unit: 'duration',
    update: true, // amocLocal.update({ pause: '1s' }) works while users run
  },
} satisfies Variables;

// Once in each slave process, before its first user. What it returns is the third argument of start.
export function init({ log }: RunContext): void {
  log.debug('init');
}

// One user, once per repetition: it runs again after the setting repeatInterval (60 s).
// What is opened through \`user\` is closed for it at the end.
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const session = await user.connect();
  await session.send(presence());
  for (let round = 0; round < 5; round++) {
    await session.send(chatTo(user.jid, \`hello from \${id}\`));
    await session.waitForStanza(isChatMessage(), { timeout: '10s' });
    await user.sleep(user.settings.pause);
  }
  user.log.info('has talked to itself');
}

// Once in each slave process, after its last user.
export function terminate(): void {}
`;
