import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import * as amoc from '../../src/index.ts';
import { packageRootOf } from '../../src/lib/system/package-root.ts';
import { startEjabberd } from '../support/servers.ts';
import type { RealServer } from '../support/servers.ts';

const root = packageRootOf(dirname(fileURLToPath(import.meta.url)));
const page = readFileSync(join(root, 'docs', 'xmpp.md'), 'utf8');

/** Every example with the heading above it. */
const examples = [...page.matchAll(/^## (.*?)$([\s\S]*?)(?=^## |(?![\s\S]))/gm)].flatMap(
  ([, title, body]) =>
    [...(body ?? '').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => ({
      title: title as string,
      code: code as string,
    })),
);

const AsyncFunction = (async () => {}).constructor as new (
  ...parts: string[]
) => (...values: unknown[]) => Promise<unknown>;

describe('docs/xmpp.md, on real ejabberd', () => {
  let server: RealServer;
  before(async () => {
    server = await startEjabberd();
  });
  after(() => server[Symbol.asyncDispose]());

  it('has an example for each group', () => {
    assert.ok(examples.length >= 13, String(examples.length));
  });

  for (const { title, code } of examples) {
    it(title, async () => {
      const { outputText } = ts.transpileModule(code, {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      });
      const run = new AsyncFunction(...Object.keys(amoc), 'assert', 'alice', 'bob', outputText);
      await amoc.story(2, (alice, bob) => run(...Object.values(amoc), assert, alice, bob), {
        settings: {
          xmppHost: '127.0.0.1',
          xmppDomain: 'localhost',
          xmppPort: server.ports.c2s,
          xmppTls: 'none',
        },
      });
    });
  }
});
