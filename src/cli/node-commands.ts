import { Option } from 'commander';
import type { Command } from 'commander';
import type { NodeOptions } from '../app/node-options.ts';
import type { SlaveOptions } from '../app/slave-node.ts';
import type { StopOptions } from './background.ts';
import { timeOf, wholeNumberOf } from './command-line.ts';
import type { LogsOptions } from './logs.ts';

/** Declares the commands that start nodes and slaves, and those that talk to a node in the background. */
export function declareNodes(program: Command): void {
  /** A command that starts a node, in the background or not. */
  const nodeCommand = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option('--name <name>', "the node's name, as in slave1; AMOC_NODE_NAME")
      .option(
        '--master <url>',
        'run as a slave of this master, as in wss://host:4370; AMOC_MASTER_URL',
      )
      .option(
        '--processes <number>',
        "a slave's processes; use one for each core; AMOC_SLAVE_PROCESSES",
      )
      .option(
        '--label <key=value...>',
        'label to choose the slave by, as in zone=a; AMOC_SLAVE_LABELS',
      )
      .option('--ca <file>', "CA (PEM) of the master's certificate; AMOC_TLS_CA")
      .option('--cert <file>', 'certificate (PEM) to show the master; AMOC_TLS_CERT')
      .option('--key <file>', 'its key (PEM); AMOC_TLS_KEY');

  /** Prints the result of a command, and sets its exit code. */
  const say = ({ text, code }: { text: string; code: number }): void => {
    process.stdout.write(text);
    process.exitCode = code;
  };

  nodeCommand(
    'start',
    'start a node in the background: a master with a console to attach to, or with --master a slave',
  ).action(async (options: NodeOptions) => {
    const { startNode } = await import('./background.ts');
    process.stdout.write(await startNode(options));
  });

  const NAMED = ['--name <name>', 'name of the node; amoc when left out'] as const;

  program
    .command('attach')
    .description('open the console of a node in the background; Ctrl+D leaves it running')
    .option(...NAMED)
    .action(async (options: { name?: string }) => {
      const { attach } = await import('./attach.ts');
      process.exitCode = await attach(options);
      // Nothing that is left open here matters to the node.
      process.exit();
    });

  const stopping = (command: Command): Command =>
    command
      .option(...NAMED)
      .addOption(
        new Option('--timeout <time>', 'how long the node may take before it is killed')
          .argParser((text) => timeOf('--timeout', text, '30s'))
          .default(30_000, '30s'),
      )
      .option('--now', 'kill the node at once');

  stopping(
    program
      .command('stop')
      .description('stop a node in the background: its users end gently, then by force'),
  ).action(async (options: StopOptions) => {
    const { stopNode } = await import('./background.ts');
    say(await stopNode(options));
  });

  stopping(
    program.command('restart').description('stop a node and start it again with the same options'),
  ).action(async (options: StopOptions) => {
    const { restartNode } = await import('./background.ts');
    process.stdout.write(await restartNode(options));
  });

  program
    .command('status')
    .description('show what a node in the background is and does; exit code 1 when it does not run')
    .option(...NAMED)
    .option('--json', 'as JSON')
    .action(async (options: { name?: string; json?: boolean }) => {
      const { nodeStatus } = await import('./background.ts');
      say(await nodeStatus(options));
    });

  program
    .command('ping')
    .description('check whether a node answers, and is ready')
    .option(...NAMED)
    .action(async ({ name }: { name?: string }) => {
      const { pingNode } = await import('./background.ts');
      say(await pingNode(name));
    });

  program
    .command('eval')
    .description('evaluate a line in a node, as its console would, and print the value')
    .argument('<line>', "as in 'amocLocal.status()'")
    .option(...NAMED)
    .option('--json', 'the value as JSON')
    .action(async (line: string, options: { name?: string; json?: boolean }) => {
      const { evaluate } = await import('./attach.ts');
      process.exitCode = await evaluate(line, options);
    });

  program
    .command('logs')
    .description('show the log of a node in the background')
    .option(...NAMED)
    .option('-f, --follow', 'continue with new lines')
    .option(
      '-n, --lines <number>',
      'how many of the last lines to show',
      (text) => wholeNumberOf('--lines', text, [0, Infinity]),
      100,
    )
    .option('--json', 'the lines as JSON, as in the file')
    .action(async (options: LogsOptions) => {
      const { showLogs } = await import('./logs.ts');
      await showLogs(options);
    });

  nodeCommand(
    'foreground',
    'the same as start, for a container or systemd: logs as JSON on standard output, SIGTERM stops gently',
  ).action(async (options: NodeOptions) => {
    const { runNode } = await import('../app/node.ts');
    process.exitCode = await runNode(options, 'foreground');
  });

  nodeCommand(
    'slave',
    "run this machine's part of a cluster in a terminal: executes users for a master that has the same cookie",
  ).action(async (options: SlaveOptions) => {
    const { runSlave } = await import('./slave.ts');
    process.exitCode = await runSlave(options);
  });
}
