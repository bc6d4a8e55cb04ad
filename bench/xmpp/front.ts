import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../harness.ts';
import type { Sink } from './sink.ts';

/** The sink behind TLS or WebSocket. */
export interface Front extends AsyncDisposable {
  readonly port: number;
}

/** Starts it; openssl makes the certificate. */
export async function startFront(kind: 'tls' | 'ws', sink: Sink): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-bench-'));
  const program = join(ROOT, 'dist', 'bench', 'xmpp', 'front-program.js');
  const child = fork(program, [kind, String(sink.port), folder]);
  const [port] = (await once(child, 'message')) as [number];
  return {
    port,
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      rmSync(folder, { recursive: true });
    },
  };
}
