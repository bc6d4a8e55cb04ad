import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readInventory } from '../../deploy/inventory.ts';
import { ROOT } from '../support/root.ts';

const good = readFileSync(join(ROOT, 'hosts'), 'utf8').replaceAll('example.org', 'lab.internal');

describe('the hosts file', () => {
  it('is well as it is shipped, but for its examples', () => {
    const { hosts, variables, mistakes } = readInventory(good);
    assert.deepEqual(mistakes, []);
    assert.deepEqual(
      hosts.map(({ name, group }) => `${group} ${name}`),
      [
        'amoc-master master.lab.internal',
        'amoc-slave slave1.lab.internal',
        'amoc-slave slave2.lab.internal',
      ],
    );
    assert.equal(hosts[2]!.variables['labels'], 'zone=b');
    assert.equal(variables['master_port'], '4370');
    const shipped = readInventory(readFileSync(join(ROOT, 'hosts'), 'utf8'));
    assert.deepEqual(shipped.mistakes, [
      'master.example.org, slave1.example.org, slave2.example.org: these are examples; name machines of your own',
    ]);
  });

  it('may not begin with a byte order mark, in which Ansible sees the name of a machine', () => {
    assert.deepEqual(readInventory(`\uFEFF${good}`).mistakes, [
      'line 1: the file begins with a byte order mark, which Ansible cannot read; save it as UTF-8 without one',
    ]);
  });

  it('lets one machine be master and slave', () => {
    const text = good.replace('slave1.lab.internal node', 'master.lab.internal node');
    assert.deepEqual(readInventory(text).mistakes, []);
  });

  const wrong: [what: string, change: (text: string) => string, mistake: RegExp][] = [
    ['a missing variable', (t) => t.replace(/^user=.*$/m, ''), /^\[amoc:vars\] must have user$/],
    [
      'a host twice',
      (t) => t.replace('slave2.lab.internal', 'slave1.lab.internal'),
      /^line 20: slave1\.lab\.internal is in \[amoc-slave\] already, in line 19$/,
    ],
    [
      'an unknown group',
      (t) => t.replace('[amoc-slave]', '[amoc-slaves]'),
      /^line 18: there is no group \[amoc-slaves\]; did you mean 'amoc-slave'/,
    ],
    [
      'an unknown variable',
      (t) => t.replace('master_port=', 'master_prot='),
      /there is no variable 'master_prot'; did you mean 'master_port'/,
    ],
    [
      'a variable that is none',
      (t) => t.replace('master_port=4370', 'master_port=many'),
      /master_port: 'many' is not a port/,
    ],
    [
      'a slave without a name',
      (t) => t.replace(' node_name=slave1', ''),
      /^line 19: slave1\.lab\.internal needs a node_name/,
    ],
    [
      'two slaves of one name',
      (t) => t.replace('node_name=slave2', 'node_name=slave1'),
      /node_name: 'slave1' is the name of slave1\.lab\.internal already/,
    ],
    ['no master', (t) => t.replace(/^master\.lab.*$/m, ''), /must have one machine, but has 0/],
    ['a host before any group', (t) => `stray\n${t}`, /^line 1: 'stray' is in no group$/],
    [
      'a path with a space',
      (t) => t.replace('/home/amoc/amoc_master', '/home/my amoc'),
      /master_install_dir: '\/home\/my amoc' is not an absolute path without spaces/,
    ],
  ];
  for (const [what, change, mistake] of wrong) {
    it(`refuses ${what}`, () => {
      const text = change(good);
      assert.notEqual(text, good);
      const { mistakes } = readInventory(text);
      assert.ok(
        mistakes.some((each) => mistake.test(each)),
        mistakes.join('\n'),
      );
    });
  }
});
