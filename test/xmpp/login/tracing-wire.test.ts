import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TracingWire, untraced } from '../../../src/xmpp/login/tracing-wire.ts';
import { ignoringOwner } from '../../../src/xmpp/wire/wire.ts';
import { MemoryWire } from '../../support/memory-wire.ts';

describe('a wire that is traced', () => {
  it('shows what is written, and writes it', () => {
    const inner = new MemoryWire();
    const shown: string[] = [];
    const wire = new TracingWire(inner, () => (direction, text) => shown.push(direction + text));
    wire.write('<a/>');
    assert.deepEqual([shown, inner.written], [['out<a/>'], ['<a/>']]);
  });

  it('asks for its watcher each time', () => {
    const inner = new MemoryWire();
    const shown: string[] = [];
    let isTraced = false;
    const wire = new TracingWire(inner, () =>
      isTraced ? (_, text) => shown.push(text) : undefined,
    );
    wire.write('<a/>');
    isTraced = true;
    wire.write('<b/>');
    assert.deepEqual([shown, inner.written], [['<b/>'], ['<a/>', '<b/>']]);
  });

  it('can what the wire below can, and nothing else', () => {
    const plain = new TracingWire(new MemoryWire(), () => undefined);
    assert.equal(plain.upgrade, undefined);
    assert.equal(plain.channelBinding, undefined);
    assert.equal(plain.tlsFacts, undefined);
    class Binding extends MemoryWire {
      readonly #data = Buffer.from('x');

      channelBinding(): Buffer {
        return this.#data;
      }
    }
    const able = new TracingWire(new Binding(), () => undefined);
    assert.equal(able.channelBinding?.('tls-exporter')?.toString(), 'x');
  });

  it('has the owner of the wire below, which a session gets alone', () => {
    const inner = new MemoryWire();
    const wire = new TracingWire(inner, () => undefined);
    const owner = { ...ignoringOwner };
    wire.owner = owner;
    assert.equal(inner.owner, owner);
    assert.equal(untraced(wire), inner);
    assert.equal(untraced(inner), inner);
  });
});
