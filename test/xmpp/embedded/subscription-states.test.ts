import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { received, sent } from '../../../src/xmpp/embedded/subscription-states.ts';
import type { Standing, SubscriptionType } from '../../../src/xmpp/embedded/subscription-states.ts';

/** The nine states of RFC 6121 appendix A.1. */
const states = [
  'none',
  'none+out',
  'none+in',
  'none+out+in',
  'to',
  'to+in',
  'from',
  'from+out',
  'both',
] as const;
type State = (typeof states)[number];

function standingOf(state: State): Standing {
  return {
    to: /to|both/.test(state),
    from: /from|both/.test(state),
    hasAsked: state.includes('out'),
    isAsked: state.includes('+in'),
  };
}

function stateOf({ to, from, hasAsked, isAsked }: Standing): string {
  const name = to && from ? 'both' : to ? 'to' : from ? 'from' : 'none';
  return `${name}${hasAsked ? '+out' : ''}${isAsked ? '+in' : ''}`;
}

/** The tables of appendix A.2 and A.3: the next state of each, in the order of the states above; `-` stays. */
const tables: readonly [typeof sent | typeof received, SubscriptionType, readonly string[]][] = [
  [sent, 'subscribe', ['none+out', '-', 'none+out+in', '-', '-', '-', 'from+out', '-', '-']],
  [sent, 'unsubscribe', ['-', 'none', '-', 'none+in', 'none', 'none+in', '-', 'from', 'from']],
  [sent, 'subscribed', ['-', '-', 'from', 'from+out', '-', 'both', '-', '-', '-']],
  [sent, 'unsubscribed', ['-', '-', 'none', 'none+out', '-', 'to', 'none', 'none+out', 'to']],
  [received, 'subscribe', ['none+in', 'none+out+in', '-', '-', 'to+in', '-', '-', '-', '-']],
  [received, 'unsubscribe', ['-', '-', 'none', 'none+out', '-', 'to', 'none', 'none+out', 'to']],
  [received, 'subscribed', ['-', 'to', '-', 'to+in', '-', '-', '-', 'both', '-']],
  [received, 'unsubscribed', ['-', 'none', '-', 'none+in', 'none', 'none+in', '-', 'from', 'from']],
];

describe('subscription states', () => {
  for (const [step, type, next] of tables) {
    for (const [at, state] of states.entries()) {
      const expected = next[at] === '-' ? state : (next[at] as string);
      it(`${state}: ${type} ${step.name} leads to ${expected}`, () => {
        const standing = standingOf(state);
        const { goesOn } = step(type, standing);
        assert.equal(stateOf(standing), expected);
        // What changes nothing is not delivered (A.3), nor sent on when it answers nothing (A.2.3, A.2.4).
        const isAlwaysSent = step === sent && (type === 'subscribe' || type === 'unsubscribe');
        assert.equal(goesOn, isAlwaysSent || expected !== state);
      });
    }
  }
});
