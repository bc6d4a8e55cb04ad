/** One option of a command. */
export interface OptionDoc {
  readonly name: string;
  readonly description: string;
  readonly default: string;
}

/** The documentation of a command: the one source of help, completion and the README's table. */
export interface CommandDoc {
  readonly name: string;
  /** As it is typed, without the object in front. */
  readonly use: string;
  readonly summary: string;
  readonly details?: string;
  readonly options?: readonly OptionDoc[];
  readonly example: string;
  readonly erlang?: string;
}

/** Commands of `amocLocal` and `amocDist`, in the order in which help lists them. */
export const clusterCommands = [
  {
    name: 'do',
    use: "do('my_scenario', 1, 10, options?)",
    summary: 'start a scenario for users 1 to 10, both included',
    details:
      'The scenario is compiled, checked and sent to every process, where its init runs; then users are started one by one. A second do during a run is an error: stop() first.',
    options: [
      { name: 'comment', description: 'kept with the run', default: 'none' },
      {
        name: 'settings',
        description: "values for the scenario's variables and amoc's own, see settings()",
        default: 'none',
      },
      {
        name: 'interarrival',
        description: 'time between two user starts on a machine',
        default: "'50ms'",
      },
      {
        name: 'rate',
        description: "in place of interarrival: user starts in the whole cluster, as in '500/s'",
        default: 'none',
      },
      {
        name: 'placement',
        description:
          "'roundRobin', 'leastLoaded', 'weighted' (label weight), 'block', or a function",
        default: "'roundRobin'",
      },
      {
        name: 'nodes',
        description: "processes or machines to use: names, 'slave*', or labels, 'zone=a'",
        default: 'all',
      },
      {
        name: 'thresholds',
        description:
          "limits for the figures of the run, as in { 'message_ttd p99': '< 200ms' }, or of its last seconds: 'message_ttd p99 over 30s'",
        default: "the scenario's",
      },
      {
        name: 'seed',
        description: 'seed of user.random; the same seed gives the same numbers',
        default: 'chosen',
      },
    ],
    example: "amocLocal.do('my_scenario', 1, 10, { comment: 'first', settings: { messages: 3 } })",
    erlang: 'amoc_local:do(my_scenario, 1, 10).',
  },
  {
    name: 'add',
    use: 'add(10)',
    summary: 'start more users, after the highest id that is present or has ended by itself',
    details: 'Ids that were removed are used again.',
    example: 'amocLocal.add(10)',
    erlang: 'amoc_local:add(10).',
  },
  {
    name: 'remove',
    use: 'remove(10, options?)',
    summary: 'remove the users with the highest ids',
    details:
      'Without force a user finishes its start() and is not started again. remove({ ids: [[3, 9], 17] }) removes the users with those ids.',
    options: [
      { name: 'force', description: 'true: at once; connections are dropped', default: 'false' },
      {
        name: 'ids',
        description: 'in place of a number: the ids to remove, as in [[3, 9], 17]',
        default: 'the highest',
      },
    ],
    example: 'amocLocal.remove(10, { force: true })',
    erlang: 'amoc_local:remove(10, [{force,true}]).',
  },
  {
    name: 'stop',
    use: 'stop(options?)',
    summary: 'end the run gently; then terminate and teardown run',
    details:
      'Users still running after the setting stopTimeout (10 s) are removed by force; stop({ force: true }) cuts that wait short, and both calls have the same result. Users whose last start() ends in that time count as finished; users that would have been started again count as removed.',
    options: [{ name: 'force', description: 'true: do not wait for users', default: 'false' }],
    example: 'amocLocal.stop({ force: true })',
    erlang: 'amoc_local:stop([{force,true}]).',
  },
  {
    name: 'status',
    use: 'status()',
    summary: 'the run, its users, messages and processes',
    example: '(await amocLocal.status()).users.running',
    erlang: 'amoc_local:status().',
  },
  {
    name: 'nodes',
    use: 'nodes()',
    summary: 'the slave processes: users, CPU, loop delay, memory, round trip, clock',
    example: 'amocLocal.nodes()',
    erlang: 'amoc_local:nodes().',
  },
  {
    name: 'users',
    use: 'users(options?)',
    summary: 'individual users, and the errors of crashed users',
    options: [
      {
        name: 'state',
        description: "'starting', 'running', 'waiting', 'leaving', 'moving' or 'crashed'",
        default: 'all that are present',
      },
      { name: 'limit', description: 'at most this many users, lowest ids first', default: '20' },
    ],
    example: "amocLocal.users({ state: 'crashed' })",
    erlang: 'amoc_local:users([{state,crashed}]).',
  },
  {
    name: 'user',
    use: 'user(7).trace()',
    summary: "show one user's stanzas in both directions; a second call stops that",
    details:
      'trace(true) always starts it, trace(false) always stops it. A user that is not running yet is traced from its start on, including the login. Passwords and SASL payloads are masked. user(7) of the shell is the user of the current run.',
    example: 'amocLocal.user(7).trace()',
  },
  {
    name: 'metrics',
    use: 'metrics()',
    summary: 'everything counted and timed in the run: rate now, total, percentiles',
    details:
      'Times are in ms. After stop(), the figures are those of the run that ended. docs/metrics.md explains each metric.',
    example: 'amocLocal.metrics()',
    erlang: 'amoc_local:metrics().',
  },
  {
    name: 'watch',
    use: 'watch()',
    summary: 'state, small charts and figures on the full screen, redrawn each second; q leaves',
    details: 'Log lines are shown after you leave it. Without a terminal, it prints one picture.',
    example: 'amocLocal.watch()',
  },
  {
    name: 'events',
    use: 'events()',
    summary: 'what happened in the run: commands, nodes lost, warnings, thresholds',
    example: 'amocLocal.events()',
    erlang: 'amoc_local:events().',
  },
  {
    name: 'settings',
    use: 'settings()',
    summary: 'the settings of the run, and which may be updated',
    example: 'amocLocal.settings()',
    erlang: 'amoc_local:settings().',
  },
  {
    name: 'update',
    use: "update({ interarrival: '10ms' })",
    summary: 'change settings of the running test',
    example: "amocLocal.update({ interarrival: '10ms', messageInterval: '5s' })",
    erlang: 'amoc_local:update([{interarrival,10}]).',
  },
  {
    name: 'pause',
    use: 'pause()',
    summary: 'stop starting users until resume(); users that run continue',
    example: 'amocLocal.pause()',
    erlang: 'amoc_local:pause().',
  },
  {
    name: 'resume',
    use: 'resume()',
    summary: 'let users start again after pause()',
    example: 'amocLocal.resume()',
    erlang: 'amoc_local:resume().',
  },
  {
    name: 'log',
    use: "log('slave1')",
    summary: 'the newest log lines of a process or machine',
    example: "amocLocal.log('local/1')",
  },
  {
    name: 'rebalance',
    use: 'rebalance()',
    summary: 'distribute the users evenly over the processes, after one has joined',
    details:
      'Users end their start() where they are, and continue elsewhere. Until then they run, and status() shows how many are to move. A start() that is still running after the setting stopTimeout (10 s) is ended by force.',
    example: 'amocDist.rebalance()',
    erlang: 'amoc_dist:rebalance().',
  },
  {
    name: 'drain',
    use: "drain('slave1')",
    summary: 'empty a process or machine gently: its users continue elsewhere',
    details:
      'It takes no more users until undrain(), or until the run is over. Users that run there move as with rebalance(): when their start() ends, or by force after the setting stopTimeout (10 s).',
    example: "amocDist.drain('slave1')",
    erlang: 'amoc_dist:drain(slave1).',
  },
  {
    name: 'undrain',
    use: "undrain('slave1')",
    summary: 'let a process or machine that was drained take users again',
    details:
      'Users that wait for a process go there at once; add() and rebalance() use it again. A process that is about to leave stays drained.',
    example: "amocDist.undrain('slave1')",
    erlang: 'amoc_dist:undrain(slave1).',
  },
  {
    name: 'evict',
    use: "evict('slave1')",
    summary: 'send a process or machine away at once: its users start elsewhere',
    details: 'It can join again when its `amoc slave` is restarted.',
    example: "amocDist.evict('slave1')",
  },
  {
    name: 'ping',
    use: 'ping()',
    summary: 'round trips to the slave processes',
    example: 'amocLocal.ping()',
    erlang: 'amoc_local:ping().',
  },
] as const satisfies readonly CommandDoc[];

/** Name of a command of `amocLocal` and `amocDist`. */
export type ClusterCommand = (typeof clusterCommands)[number]['name'];

/** Functions of the shell itself. */
export const shellCommands = [
  {
    name: 'help',
    use: 'help(command?)',
    summary: 'this list, or one command: help(amocLocal.remove)',
    example: 'help(amocLocal.do)',
    erlang: 'help().',
  },
  {
    name: 'scenarios',
    use: 'scenarios()',
    summary: 'the scenarios in scenarios/',
    example: 'scenarios()',
    erlang: 'scenarios().',
  },
  {
    name: 'c',
    use: "c('my_scenario')",
    summary: 'compile a scenario and show its mistakes',
    example: "c('my_scenario')",
    erlang: 'c(my_scenario).',
  },
  {
    name: 'v',
    use: 'v(3)',
    summary: 'the value of command 3; v(-1) is that of the last one',
    example: 'v(-1)',
    erlang: 'v(3).',
  },
  {
    name: 'sleep',
    use: "sleep('5s')",
    summary: 'wait, for scripts that are piped in',
    example: "sleep('5s')",
    erlang: 'sleep(5000).',
  },
  {
    name: 'user',
    use: 'user(7).trace()',
    summary: 'show the stanzas of a user of the run; a second call stops that',
    example: 'user(7).trace()',
  },
  {
    name: 'logLevel',
    use: "logLevel('debug')",
    summary: 'show log lines from this level on: debug, info, warn, error, silent',
    example: "logLevel('warn')",
    erlang: 'log_level(warn).',
  },
  {
    name: 'tail',
    use: 'tail(50)',
    summary: 'the last log lines, also those from when no console was attached',
    example: 'tail(200)',
    erlang: 'tail(50).',
  },
  {
    name: 'who',
    use: 'who()',
    summary: 'who is attached to this node',
    example: 'who()',
    erlang: 'who().',
  },
  {
    name: 'q',
    use: 'q()',
    summary: 'leave, as Ctrl+D does; amoc console then stops the run, amoc attach lets it continue',
    example: 'q()',
    erlang: 'q().',
  },
] as const satisfies readonly CommandDoc[];

/** Name of a function of the shell. */
export type ShellCommand = (typeof shellCommands)[number]['name'];
