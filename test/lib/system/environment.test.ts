import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../../../src/', import.meta.url));
const OWNER = join('lib', 'system', 'environment.ts');

describe('the environment', () => {
  it('is read in one place', () => {
    const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' });
    const others = files.filter((file) => {
      if (!file.endsWith('.ts') || file === OWNER) return false;
      return readFileSync(join(SOURCE, file), 'utf8').includes('process.env');
    });
    assert.deepEqual(others, []);
  });
});
