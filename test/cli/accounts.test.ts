import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Project } from '../support/project.ts';

/** Runs the command that was printed, with the server's own commands as scripts that show what they get. */
function paste(project: Project, printed: string, command: string): string[] {
  const bin = join(project.folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh\nfor each in "$@"; do echo "$each"; done\n`;
  writeFileSync(join(bin, command), script, { mode: 0o755 });
  const line = printed.split('\n')[1] as string;
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  return execFileSync('sh', ['-c', line], { env, cwd: '/', encoding: 'utf8' }).trim().split('\n');
}

describe('amoc accounts', () => {
  it('takes the domain as an option, and prints a command that is ready to paste', async () => {
    using project = new Project();
    const out = join(project.folder, "it's here");
    const { code, out: said } = await project.amoc(
      ['accounts', 'ejabberd', '1', '2', '--domain', 'example.org', '--out', out],
      // The option goes before the setting.
      { env: { AMOC_XMPP_DOMAIN: 'elsewhere' } },
    );
    assert.equal(code, 0);
    assert.match(said, /^2 accounts of example\.org are in /);
    const [verb, file] = paste(project, said, 'ejabberdctl');
    assert.equal(verb, 'import_piefxis');
    const text = readFileSync(file as string, 'utf8');
    assert.match(text, /<host jid='example\.org'>\s*<user name='user_1' password='password_1'/);
  });

  it('writes a path that holds wherever the command is pasted', async () => {
    using project = new Project();
    const args = ['accounts', 'mongooseim', '1', '1', '--domain', 'example.org', '--out', 'there'];
    const { code, out } = await project.amoc(args);
    assert.equal(code, 0);
    assert.match(out, /^1 account of example\.org is in there;/);
    const file = paste(project, out, 'mongooseimctl').at(-1) as string;
    assert.equal(readFileSync(file, 'utf8'), 'user_1,example.org,password_1\n');
  });

  it('writes names and passwords as they are sent', async () => {
    using project = new Project();
    const env = { AMOC_XMPP_USER: 'Ju\u0308rgen_{id}', AMOC_XMPP_PASSWORD: 'pa\u0308ss\u2003{id}' };
    const args = ['accounts', 'mongooseim', '1', '1', '--domain', 'example.org', '--out', 'there'];
    const { code, out } = await project.amoc(args, { env });
    assert.equal(code, 0);
    const file = paste(project, out, 'mongooseimctl').at(-1) as string;
    assert.equal(readFileSync(file, 'utf8'), 'J\u00fcrgen_1,example.org,p\u00e4ss 1\n');
  });

  it('makes a file for each domain of a pattern', async () => {
    using project = new Project();
    const out = join(project.folder, 'out');
    const domain = ['--domain', 'd{bucket:5}.example', '--out', out];
    const ejabberd = await project.amoc(['accounts', 'ejabberd', '1', '12', ...domain]);
    assert.equal(ejabberd.code, 0, ejabberd.err);
    assert.match(ejabberd.out, /^12 accounts of 5 domains are in /);
    const files = [1, 2, 3, 4, 5].map((n) => `d${n}.example.xml`);
    assert.deepEqual(readdirSync(out).sort(), files);
    assert.deepEqual(
      [...readFileSync(join(out, files[1]!), 'utf8').matchAll(/user name='(\w+)'/g)].map(
        ([, name]) => name,
      ),
      ['user_2', 'user_7', 'user_12'],
    );
    assert.deepEqual(
      paste(project, ejabberd.out, 'ejabberdctl').filter((word) => word !== 'import_piefxis'),
      files.map((file) => join(out, file)),
    );

    const prosody = await project.amoc(['accounts', 'prosody', '1', '12', ...domain]);
    assert.equal(prosody.code, 0, prosody.err);
    assert.match(prosody.out, /cp -r \S+out\/\. \/var\/lib\/prosody\//);
    assert.deepEqual(readdirSync(join(out, 'd3%2eexample', 'accounts')).sort(), [
      'user%5f3.dat',
      'user%5f8.dat',
    ]);

    const mongooseim = await project.amoc(['accounts', 'mongooseim', '1', '6', ...domain]);
    assert.equal(mongooseim.code, 0, mongooseim.err);
    assert.match(
      readFileSync(join(out, 'accounts.csv'), 'utf8'),
      /user_5,d5\.example,password_5\nuser_6,d1\.example/,
    );
  });

  it('says what it needs, and what a domain cannot have', async () => {
    using project = new Project();
    const args = ['accounts', 'ejabberd', '1', '2', '--out', join(project.folder, 'out')];
    const none = await project.amoc(args);
    assert.equal(none.code, 2);
    assert.match(
      none.err,
      /the domain is not known; give it with --domain, or set AMOC_XMPP_DOMAIN/,
    );
    const wrong = await project.amoc([...args, '--domain', 'd{user}.example']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /xmppDomain: "d\{user\}\.example" is not a domain; in braces/);
    const { out } = await project.amoc(['help', 'accounts']);
    assert.match(out, /--domain <domain>/);
  });
});
