/** The options of the bench's client programs; below, the messages between them and the bench. */
export interface ProgramOptions {
  port: number;
  sessions: number;
}

/** The two messages of the bench. */
export type ProgramOrder = { type: 'talk'; intervalMs: number } | { type: 'report' };

/** What a program counted since its last report. */
export interface ProgramReport {
  sent: number;
  received: number;
}

/** A client as the bench sees it, whatever it is made with. */
export interface BenchClient {
  /** Logs session `id` in. */
  login: (id: number, onMessage: () => void) => Promise<(to: string, body: string) => void>;
}

/**
 * This many messages are sent before the measurement: by then V8 has compiled the hot code. A load test runs
 * for minutes, so the cost of its first seconds is not typical.
 */
const WARM_UP_MESSAGES = 24_000;

/** How long clients talk before the measurement, in milliseconds. */
export function warmUpMs(sessions: number, intervalMs: number): number {
  return Math.max(3000, (WARM_UP_MESSAGES * intervalMs) / sessions);
}

export const BODY = 'x'.repeat(64);

/** Runs a client as a program of its own: logs in, waits for orders, talks. */
export async function runProgram(client: (options: ProgramOptions) => BenchClient): Promise<void> {
  const options: ProgramOptions = {
    port: Number(process.argv[2]),
    sessions: Number(process.argv[3]),
  };
  const { login } = client(options);
  let sent = 0;
  let received = 0;
  const senders: ((to: string, body: string) => void)[] = [];
  const onMessage = (): void => {
    received++;
  };
  const parallel = 50;
  let next = 1;
  const work = async (): Promise<void> => {
    while (next <= options.sessions) {
      const id = next++;
      senders[id - 1] = await login(id, onMessage);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  process.send?.({ type: 'ready' });
  let timer: NodeJS.Timeout | undefined;
  process.on('message', (order: ProgramOrder) => {
    if (order.type === 'report') {
      process.send?.({ sent, received } satisfies ProgramReport);
      sent = 0;
      received = 0;
      return;
    }
    clearInterval(timer);
    // One timer for all sessions: each is due once in an interval, and they are spread over it.
    let position = 0;
    let owed = 0;
    let last = performance.now();
    timer = setInterval(() => {
      const now = performance.now();
      owed += ((now - last) / order.intervalMs) * senders.length;
      last = now;
      for (; owed >= 1; owed--) {
        const from = position++ % senders.length;
        const to = ((from + 1) % senders.length) + 1;
        senders[from]?.(`user_${to}@localhost`, BODY);
        sent++;
      }
    }, 5);
  });
  process.on('disconnect', () => process.exit());
}
