import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { AmocError, messageOf, systemCode } from '../lib/errors.ts';
import { SCENARIO_NAME } from '../lib/text/names.ts';
import { scenariosFolder } from '../app/installation.ts';

/**
 * `amoc new NAME`: writes a scenario to start from.
 *
 * @returns the text to print
 * @throws {AmocError} `ARGUMENT` for a bad name, `FILE` when it exists already or cannot be written.
 */
export function newScenario(name: string): string {
  if (!SCENARIO_NAME.test(name)) {
    throw new AmocError('ARGUMENT', `invalid scenario name '${name}'; use letters, digits and _`);
  }
  const folder = scenariosFolder();
  const file = join(folder, `${name}.ts`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, template, { flag: 'wx' });
  } catch (error) {
    const why =
      systemCode(error) === 'EEXIST' ? 'exists already' : `cannot be written: ${messageOf(error)}`;
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

// Called once in each slave process, before its first user. start() gets its return value as third argument.
export function init({ log }: RunContext): void {
  log.debug('init');
}

// One user, once per repetition: called again after the setting repeatInterval (60 s).
// Everything that is opened through \`user\` is closed at the end.
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

// Called once in each slave process, after its last user.
export function terminate(): void {}
`;
