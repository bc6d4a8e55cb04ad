import type { Random } from '../../src/lib/ids/random.ts';
import { requests } from '../../src/protocol/messages.ts';

/** What a slave says. */
export const slaveTypes = [
  'request',
  'reply',
  'failure',
  'report',
  'logs',
  'blocked',
  'unblocked',
].concat(['beat', 'feature']);
/** What a master says. */
export const masterTypes = ['request', 'reply', 'failure', 'beat', 'kill', 'feature'];
/** What is said before the proof. */
export const strangerTypes = ['hello', 'challenge', 'welcome', 'refused'];

const names = ['type', 'id', 'run', 'ids', 'users', 'load', 'delta', 'ended', 'operation', 'params']
  .concat(['revision', 'force', 'sequence', 'digest', 'proof', 'nonce', 'version', 'info', 'role'])
  .concat(['body', 'value', 'grant', 'settled'])
  .concat(['name', 'records', 'at', 'acked', 'from', 'to', 'step', '__proto__', 'constructor']);

/** Any value of JSON, more likely one that a message could have somewhere. */
export function anything(random: Random, depth = 0): unknown {
  const kind = random.integer(0, depth > 4 ? 6 : 8);
  switch (kind) {
    case 0:
      return random.integer(-5, 5);
    case 1:
      return random.pick([1e308, -1, 0.5, 2 ** 53, 1e9]);
    case 2:
      return random.pick([
        '',
        'x',
        'a'.repeat(64),
        'b'.repeat(5000),
        '\u0000',
        '../../etc',
        'work',
        'once',
        'want',
        'do',
        'hello',
      ]);
    case 3:
      return random.float() < 0.5;
    case 4:
      return null;
    case 5:
      return [{ from: 1, to: random.integer(1, 1e8), step: 1 }];
    case 6:
      return {};
    case 7:
      return Array.from({ length: random.integer(0, 4) }, () => anything(random, depth + 1));
    default:
      return record(random, depth + 1);
  }
}

/** An object with some of the protocol's names in it. */
export function record(random: Random, depth = 0): Record<string, unknown> {
  const entries = Array.from({ length: random.integer(0, 6) }, () => [
    random.pick(names),
    anything(random, depth),
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** A frame that is nearly a message, now and then a whole one. */
export function frame(random: Random, types: readonly string[]): string {
  const kind = random.float();
  if (kind < 0.1) return random.pick(['', '{', '[]', 'null', '"x"', '\uD800', '{"type":"report"']);
  if (kind < 0.12) return nested(2000);
  const message = {
    ...record(random),
    type: random.pick(types),
    ...(random.float() < 0.7 ? { id: random.integer(0, 50) } : {}),
    ...(random.float() < 0.5 ? { operation: random.pick(Object.keys(requests)) } : {}),
    ...(random.float() < 0.5 ? { params: record(random, 1) } : {}),
  };
  const text = JSON.stringify(message);
  return random.float() < 0.8 ? text : damaged(random, text);
}

/** A text with one character replaced by something that is not JSON there. */
export function damaged(random: Random, text: string): string {
  const at = random.integer(0, Math.max(0, text.length - 1));
  return text.slice(0, at) + random.pick(['', '{', '"', ',', '9e999', '\\u']) + text.slice(at + 1);
}

/** Arrays in each other, as JSON. */
export function nested(depth: number): string {
  return `${'['.repeat(depth)}${']'.repeat(depth)}`;
}

/** Bytes without a meaning. */
export function noise(random: Random, most: number): Buffer {
  return Buffer.from(Array.from({ length: random.integer(1, most) }, () => random.integer(0, 255)));
}
