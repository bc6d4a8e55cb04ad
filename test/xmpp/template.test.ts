import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ageOf } from '../../src/xmpp/ids.ts';
import { Stanza } from '../../src/xmpp/stanza.ts';
import { chatTo } from '../../src/xmpp/stanzas/index.ts';
import { template } from '../../src/xmpp/template.ts';

const hello = template<'to' | 'body'>(chatTo('{to}', '{body}'));

describe('templates', () => {
  it('escape what is filled in, and give each its own id', () => {
    const first = hello({ to: 'a"b@c', body: '<hi> {to}' });
    assert.match(first, /to="a&quot;b@c"/);
    assert.match(first, /<body>&lt;hi&gt; \{to\}<\/body>/);
    const ids = [first, hello({ to: 'x', body: 'y' })].map((text) => new Stanza(text).id);
    assert.notEqual(ids[0], ids[1]);
    assert.ok((ageOf(ids[1]) ?? NaN) < 1000);
  });

  it('take an id that is given, and make one again the next time', () => {
    const withId = template<'to' | 'body' | 'id'>(chatTo('{to}', '{body}'));
    const values = { to: 'x', body: 'y' } as { to: string; body: string; id: string };
    const made = new Stanza(withId(values)).id;
    assert.equal(new Stanza(withId({ ...values, id: 'mine&yours' })).id, 'mine&yours');
    const again = new Stanza(withId(values)).id;
    for (const id of [made, again]) assert.ok((ageOf(id) ?? NaN) < 1000, id);
    assert.notEqual(made, again);
  });

  it('leave nothing of the values before', () => {
    const text = template<'a' | 'b'>('<x a="{a}" b="{b}">{a}{b}</x>');
    assert.equal(text({ a: 1, b: 'two' }), '<x a="1" b="two">1two</x>');
    assert.equal(text({ a: '' } as { a: string; b: string }), '<x a="" b=""></x>');
  });
});
