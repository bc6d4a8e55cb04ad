/** The command line. Each command is loaded when it is called: the shell must not wait for the others. */
import { join } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { loadEnvironmentFile, env } from '../config/environment.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { severalLines } from '../lib/text/foreign-text.ts';
import { MAX_ID } from '../lib/ids/id-set.ts';
import { exitCodes } from '../record/outcome.ts';
import { idsOf, shareOf, UsageError, wholeNumberOf } from './command-line.ts';
import { builtInVariables } from '../app/drivers.ts';
import { PACKAGE_ROOT, VERSION } from '../app/installation.ts';
import { environmentVariables } from '../app/variables.ts';
import { declareNodes } from './node-commands.ts';
import { declareRun, spreadLists } from './run-command.ts';
import type { AccountOptions } from './accounts.ts';
import type { CertsOptions } from './certs.ts';
import type { DoctorOptions } from './doctor.ts';
import type { CompareCommand, ReportOptions } from './reports.ts';

const USAGE_ERROR = exitCodes.usage;

const program = new Command('amoc')
  .description('A Murder of Crows: massively parallel XMPP load tests from an interactive shell')
  .version(VERSION, '-v, --version')
  .showSuggestionAfterError()
  .showHelpAfterError('(amoc help lists the commands)')
  .exitOverride()
  .helpCommand('help [command]', 'what a command does, and its options');

program
  .command('console')
  .description('open the shell; with no terminal it reads lines from standard input')
  .action(async () => {
    if (await attachedToOwnNode()) return;
    const { runConsole } = await import('./console.ts');
    process.exitCode = await runConsole();
  });

/** Attaches to the node that AMOC_NODE_NAME names (it does on a deployed machine), if that node runs. */
async function attachedToOwnNode(): Promise<boolean> {
  const name = env('AMOC_NODE_NAME');
  if (name === undefined) return false;
  const { nodeFolder } = await import('../app/node-options.ts');
  if (nodeFolder(name).running() === undefined) return false;
  const { attach } = await import('./attach.ts');
  process.exitCode = await attach({ name });
  return true;
}

declareRun(program.command('run'), async (request) => {
  const { runCommand } = await import('./run.ts');
  process.exitCode = await runCommand(request);
});

program
  .command('runs')
  .description('list the runs that are kept, the newest last')
  .option('--json', 'definitions and results as JSON')
  .action(async (options: { json?: boolean }) => {
    const { sayRuns } = await import('./reports.ts');
    process.stdout.write(sayRuns(options));
  });

program
  .command('report')
  .description('write a run as an HTML page, and print a summary of it')
  .argument('<run>', "its id, or a part of it; 'last' for the newest")
  .option('--out <file>', 'where the page goes; report.html in the folder of the run when left out')
  .option('--json', 'definition, result, metrics and events as JSON instead')
  .option('--csv', 'its seconds as CSV instead')
  .action(async (run: string, options: ReportOptions) => {
    const { report } = await import('./reports.ts');
    process.stdout.write(await report(run, options));
  });

program
  .command('compare')
  .description(
    'show two runs side by side, and whether they differ by more than the noise between their seconds',
  )
  .argument('<a>', 'the id of a run, or a part of it')
  .argument('<b>', 'the id of the other run, or a part of it')
  .addOption(
    new Option('--min-change <percent>', 'a smaller difference does not count as a change')
      .argParser((text) => shareOf('--min-change', text))
      .default(0.1, '10%'),
  )
  .option('--fail', 'exit with 3 when something has changed')
  .option('--json', 'the rows as JSON')
  .action(async (a: string, b: string, options: CompareCommand) => {
    const { compare } = await import('./reports.ts');
    const { text, code } = await compare(a, b, options);
    process.stdout.write(text);
    process.exitCode = code;
  });

declareNodes(program);

program
  .command('certs')
  .description('make a CA and certificates, so that master and slaves speak TLS; no openssl needed')
  .option(
    '--host <names...>',
    'names and addresses by which slaves dial the master; this machine when left out',
  )
  .option(
    '--slave <names...>',
    'make certificates for slaves too, so that the master can demand them',
  )
  .option('--out <folder>', 'the folder of the files; ~/.amoc.tls when left out')
  .option('--keep', 'make only what is missing, does not fit, or expires within 30 days')
  .addHelpText(
    'after',
    `
The CA is made once and kept; each call makes a new certificate for the master, with
the names of the one before unless --host gives others.

Example:
  amoc certs --host master.example.org --host 10.0.0.1`,
  )
  .action(async (options: CertsOptions) => {
    const { makeCertificates } = await import('./certs.ts');
    process.stdout.write(await makeCertificates(options));
  });

program
  .command('accounts')
  .description('write files with the accounts of users, for a server to import')
  .argument('<server>', 'ejabberd, prosody or mongooseim')
  .argument('<from>', 'first user id')
  .argument('<to>', 'last user id')
  .requiredOption('--out <folder>', 'where the files go')
  .option(
    '--domain <domain>',
    "the users' domain; the value of the setting xmppDomain when left out",
  )
  .addHelpText(
    'after',
    `
Names and passwords are those of the settings xmppUser and xmppPassword (AMOC_XMPP_USER,
AMOC_XMPP_PASSWORD). A domain may have {id} and {bucket:N}, as in d{bucket:100}.example.

Example:
  amoc accounts ejabberd 1 10000 --domain example.org --out accounts`,
  )
  .action(async (server: string, from: string, to: string, options: AccountOptions) => {
    const { writeAccounts } = await import('./accounts.ts');
    process.stdout.write(writeAccounts(server, idsOf(from, to), options));
  });

program
  .command('new')
  .description('write a commented scenario to start from')
  .argument('<name>', 'its name: letters, digits and _')
  .action(async (name: string) => {
    const { newScenario } = await import('./new.ts');
    process.stdout.write(newScenario(name));
  });

program
  .command('init')
  .description('make this folder a project: scenarios/ to start from, and what an editor needs')
  .action(async () => {
    const { initProject } = await import('./init.ts');
    process.stdout.write(initProject());
  });

program
  .command('server')
  .description('run only the embedded XMPP server: on loopback, in memory, until Ctrl+C')
  .option(
    '--port <port>',
    'where it listens; 0 for any free port',
    (text) => wholeNumberOf('--port', text, [0, 65_535], 'a port'),
    5222,
  )
  .option('--domain <domain>', 'its XMPP domain', 'localhost')
  .option('--tls', 'offer STARTTLS and TLS, with a certificate that is made for this server')
  .action(async (options: { port: number; domain: string; tls?: boolean }) => {
    const { runServer } = await import('./server.ts');
    await runServer(options);
  });

program
  .command('doctor')
  .description('check this machine and the target for a number of users')
  .option(
    '--users <number>',
    'how many users this machine is to run',
    (text) => wholeNumberOf('--users', text, [1, MAX_ID], 'a number of users'),
    1000,
  )
  .option('--login <id>', 'log this user in, and report each step', (text) =>
    wholeNumberOf('--login', text, [1, MAX_ID], 'the id of a user'),
  )
  .action(async (options: DoctorOptions) => {
    const { runDoctor } = await import('./doctor.ts');
    process.exitCode = await runDoctor(options);
  });

/** A command fails when its output cannot be written, unless the reader has closed the pipe. */
function tellLostOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`amoc: standard output cannot be written: ${messageOf(error)}\n`);
  process.once(
    'exit',
    () => (process.exitCode = Number(process.exitCode ?? 0) || exitCodes.failed),
  );
}

/** The arguments in a form that the parser cannot misread. */
function asOneMeansThem([command, ...rest]: readonly string[]): string[] {
  if (command === undefined) return [];
  if (command === 'run') return [command, ...spreadLists(rest)];
  // Help on an unknown name would print the list of commands, and not say that the name is unknown.
  const [topic] = rest;
  const isUnknown = topic !== undefined && !program.commands.some((each) => each.name() === topic);
  return command === 'help' && isUnknown ? [topic] : [command, ...rest];
}

process.stdout.once('error', tellLostOutput).on('error', () => {});

try {
  const file = env('AMOC_CONFIG');
  // A deployed release has its configuration beside it.
  loadEnvironmentFile(file ?? join(PACKAGE_ROOT, 'etc', 'amoc.env'), builtInVariables, {
    isOptional: file === undefined,
    variables: environmentVariables,
  });
  await program.parseAsync(asOneMeansThem(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
  } else if (error instanceof UsageError) {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = USAGE_ERROR;
  } else if (error instanceof AmocError) {
    process.stderr.write(`amoc: ${severalLines(messageOf(error))}\n`);
    process.exitCode = USAGE_ERROR;
  } else {
    throw error;
  }
}
